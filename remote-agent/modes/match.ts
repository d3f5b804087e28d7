/** A filter on given packets, decided by this machine's kernel: bpf/match.bpf.c with the filter linked in. */
import { MatchLimit, MatchPacketLayout as Packet } from '../../common/layouts.ts';
import type { LinkFacts } from '../../common/bpf/cbpf.ts';
import { linkWord } from '../../common/bpf/translate.ts';
import { closeObject, findMap, findProgram, mapFd, runProgram, type BpfObject } from '../native/libbpf.ts';
import { loadLinked } from '../programs/link.ts';
import { mapShared } from '../native/libc.ts';
import { NO_PAGE_VARIABLES } from '../kernel/page-variables.ts';
import type { DirectReads } from '../../common/bpf/direct-reads.ts';
import type { CompiledFilter } from '../../common/protocol.ts';

export interface MatchedPacket {
  /** What its bytes begin with: an Ethernet header, an IP header. */
  link: 'l2' | 'l3';
  /** What was captured of it, MATCHED_BYTES at most. */
  data: Uint8Array;
  /** Its bytes on the wire. */
  length: number;
  /** What the skb would know of it; 0 for what is left out. */
  facts?: LinkFacts;
}

/** Of one packet, and of all that the kernel is given at once. */
export const MATCHED_BYTES = MatchLimit.Bytes;
const LAYER = { l2: 2, l3: 3 };

/**
 * 1 for each packet that the filter matches, else 0.
 * @param directReads what findDirectReads gave for this kernel
 * @throws AgentFailure: `no-privilege`, `bad-filter`, `load`; RangeError for a packet that is too large
 */
export function matchPackets(
  filter: CompiledFilter | null,
  packets: readonly MatchedPacket[],
  directReads: DirectReads | undefined,
): Uint8Array {
  const object = loadLinked(
    'match.bpf.o',
    filter,
    { pages: NO_PAGE_VARIABLES, directReads },
    () => undefined,
  );
  try {
    return withMaps(object, (entries, bytes) => {
      const program = findProgram(object, 'match_packets');
      const decisions = new Uint8Array(packets.length);
      for (let first = 0; first < packets.length;) {
        const count = writeBatch(packets, first, entries, bytes);
        runProgram(program);
        for (let index = 0; index < count; index++)
          decisions[first + index] = entries.getUint8(index * Packet.bytes + Packet.matches);
        first += count;
      }
      return decisions;
    });
  } finally {
    closeObject(object);
  }
}

function withMaps<T>(object: BpfObject, use: (entries: DataView, bytes: Uint8Array) => T): T {
  const map = (name: string, size: number) => mapShared(mapFd(findMap(object, name)), 0, size, true);
  const entries = map('packets', MatchLimit.Packets * Packet.bytes);
  try {
    const bytes = map('bytes', MATCHED_BYTES);
    try {
      return use(new DataView(entries.buffer), new Uint8Array(bytes.buffer));
    } finally {
      bytes.unmap();
    }
  } finally {
    entries.unmap();
  }
}

/** Returns how many packets fitted. */
function writeBatch(
  packets: readonly MatchedPacket[],
  first: number,
  entries: DataView,
  bytes: Uint8Array,
): number {
  let count = 0;
  let offset = 0;
  for (; count < MatchLimit.Packets; count++) {
    const packet = packets[first + count];
    if (packet === undefined || offset + packet.data.length > MATCHED_BYTES) break;
    const at = count * Packet.bytes;
    entries.setUint32(at + Packet.offset, offset, true);
    entries.setUint32(at + Packet.captured, packet.data.length, true);
    entries.setUint32(at + Packet.length, packet.length, true);
    entries.setUint32(at + Packet.layer, LAYER[packet.link], true);
    entries.setBigUint64(at + Packet.link, linkWord(packet.facts ?? {}), true);
    bytes.set(packet.data, offset);
    offset += packet.data.length;
  }
  if (count === 0) throw new RangeError(`a packet of more than ${MATCHED_BYTES} bytes`);
  if (count < MatchLimit.Packets) entries.setUint32(count * Packet.bytes + Packet.layer, 0, true);
  return count;
}
