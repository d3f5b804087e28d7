/** The filters of a capture, one after the other: an event's generation is the number of the one that kept it. */
import type { CompiledFilter } from '../../common/protocol.ts';

/** Filters as the user wrote them; empty: none. A packet must match all of them. */
export interface FilterTexts {
  /** pcap filter on the packet itself. */
  filter: string;
  /** pcap filters on the packet inside of a tunnel, from its Ethernet header and from its IP header. */
  tunnelFilterL2: string;
  tunnelFilterL3: string;
}

/** What is needed to put a filter in force. */
export interface WantedFilter extends FilterTexts {
  /** null: every packet. */
  compiled: CompiledFilter | null;
}

/** A filter that is or was in force. */
export interface CaptureFilter extends FilterTexts {
  /** 0 for the first, then 1, 2, … */
  generation: number;
  /** CLOCK_MONOTONIC of the target in nanoseconds from which on every packet met it; undefined: from the start. */
  since: bigint | undefined;
}

/** Every packet. */
export const NO_FILTER: WantedFilter = { filter: '', tunnelFilterL2: '', tunnelFilterL3: '', compiled: null };
