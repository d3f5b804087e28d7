export interface CapturedPacket {
  /** LINKTYPE_* of https://www.tcpdump.org/linktypes.html */
  linkType: number;
  /** What was captured of it. */
  data: Uint8Array;
  /** Its bytes on the wire. */
  length: number;
}

/** What a file's bytes say that cannot be. */
export class Damaged extends Error {}

/** Longer is nonsense: the longest snapshot that libpcap takes for any link type is 128 MB. */
export const MAX_PACKET_BYTES = 128 * 1024 * 1024;
