/**
 * What a capture keeps. Events are forgotten in chunks, the oldest first. A packet of which one was forgotten goes as
 * a whole, with its copies; what is heard of it later is counted and not shown. Totals go on counting.
 */

/**
 * 210 MB of common traffic. An event takes 56 bytes, a trajectory 150 with its place in the tables that find it, a flow,
 * process or device of its own 30 to 60; where each packet has its own and seven events, that makes 120 bytes an event.
 */
export const KEEP_EVENTS = 3_000_000;

/** What events may have told on request before the oldest are forgotten, however few there are. */
export const KEEP_EXTRAS_BYTES = 256 * 1024 * 1024;

export interface Retention {
  /** So many of the newest events are kept at least; one chunk more at most. */
  keepEvents: number;
  /**
   * Every event is read once, in order, and then released: then only events that were not released are kept, and the
   * lives that something more may be heard of.
   */
  readOnce: boolean;
}

export const DEFAULT_RETENTION: Retention = { keepEvents: KEEP_EVENTS, readOnce: false };
