import type { EventIndex } from './types.ts';

/** A record that is no step of a trajectory, or the end of one. */
export interface QuietRecord {
  /** enum event_kind */
  kind: number;
  cpu: number;
  /** Nanoseconds since the capture's first event. */
  time: number;
  /** Record of the table of places. */
  place: number;
  /** Of a drop its reason. */
  value: number;
}

/** Hears of every record that the decoder has taken, in order. */
export interface RecordListener {
  /** A step. @param row of its trajectory @param ends it is the last one */
  step(event: EventIndex, row: number, ends: boolean): void;
  /** Something became known of a trajectory that is no step of it. */
  quiet(record: QuietRecord, row: number, ends: boolean): void;
}
