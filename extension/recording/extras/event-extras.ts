import type { TupleParts } from '../../base/tuple.ts';
import type { CodeAddress, EventIndex } from '../types.ts';
import type { Detail } from './detail.ts';
import type { PacketBytes } from './sections.ts';
import type { StructureMembers } from './structure.ts';

/** `struct sk_buff`, `struct skb_shared_info`, and values of the user's expressions as if they were a structure's. */
export type StructureKind = 'skb' | 'sharedInfo' | 'metadata';

/** What events tell on request, one by one. */
export interface EventExtras {
  /** It tells something of all this. */
  hasExtras(event: EventIndex): boolean;
  /** Where the probed function returns to; undefined where it was not asked for, and of drops. */
  caller(event: EventIndex): CodeAddress | undefined;
  /** What led to this event, the probed function left out, innermost first; undefined where it was not asked for. */
  stack(event: EventIndex): readonly CodeAddress[] | undefined;
  /**
   * The packet's first bytes; undefined where they were not asked for, and where they are those of the same packet's
   * event before, or cannot be read any more.
   */
  packetBytes(event: EventIndex): PacketBytes | undefined;
  /** Undefined where it was not asked for, or cannot be read: of a copy that is not filled yet, or after the release. */
  structure(event: EventIndex, which: StructureKind): StructureMembers | undefined;
  /** The same as people are shown it. */
  members(event: EventIndex, which: StructureKind): Detail[] | undefined;
  /** skb->cb in words of 32 bits; undefined as above. */
  cb(event: EventIndex): number[] | undefined;
  /** Of the packet inside of a tunnel's packet; undefined where it was not asked for, and where there is none. */
  tunnel(event: EventIndex): TupleParts | undefined;
}
