/**
 * Which packets of a capture file a filter matches. A pcap or pcapng file and a compiled filter come in, numbers of
 * packets go out. Read this file first, then file.ts for the formats and link-types.ts for what a filter sees.
 */
import { runCbpf } from '../../../common/bpf/cbpf-interpreter.ts';
import type { CbpfInstruction, CompiledFilter } from '../../../common/protocol.ts';
import { PacketTraceError, throwIfCancelled } from '../../base/errors.ts';
import { readCaptureFile, type ReadProgress } from './file.ts';
import { linkTypeText, SUPPORTED_LINK_TYPES, viewOf, type ViewedPacket } from './link-types.ts';

/** Decides over packets, in their order: 1 for each that the filter matches, else 0. */
export type Decide = (
  filter: CompiledFilter | null,
  packets: readonly ViewedPacket[],
) => Uint8Array | Promise<Uint8Array>;

export interface MatchReport {
  /** Number of packets in the file, or in what could be read of it. */
  packets: number;
  /** Numbers of those that match, from 1, rising. */
  matches: number[];
  /** Sentences on what the user may not expect. */
  warnings: string[];
}

export interface MatchOptions {
  /** `decideHere`, or a target's kernel. */
  decide: Decide;
  signal?: AbortSignal | undefined;
  onProgress?: ReadProgress | undefined;
}

/** Of packets that are decided over at once. */
const BATCH_PACKETS = 4096;
const BATCH_BYTES = 8 * 1024 * 1024;

/** What libpcap's own bpf_filter says, by an interpreter in this process. */
export const decideHere: Decide = (filter, packets) =>
  Uint8Array.from(packets, ({ link, data, length }) => {
    const keeps = (program: readonly CbpfInstruction[] | null) =>
      program !== null && runCbpf(program, data, length) !== 0;
    return Number(filter === null || keeps(filter[link]));
  });

/**
 * @param filter null: every packet matches
 * @throws PacketTraceError `pcap-file` when the file cannot be read or its packets not be looked at, `cancelled`,
 *   and what `decide` throws
 */
export async function matchFile(
  path: string,
  filter: CompiledFilter | null,
  { decide, signal, onProgress }: MatchOptions,
): Promise<MatchReport> {
  const report: MatchReport = { packets: 0, matches: [], warnings: [] };
  const links = new Set<ViewedPacket['link']>();
  let batch: ViewedPacket[] = [];
  let bytes = 0;
  const flush = async () => {
    throwIfCancelled(signal);
    const decisions = await decide(filter, batch);
    const first = report.packets - batch.length + 1;
    decisions.forEach((matches, index) => {
      if (matches !== 0) report.matches.push(first + index);
    });
    batch = [];
    bytes = 0;
  };
  const packets = readCaptureFile(path, onProgress);
  for (;;) {
    const { value, done } = await packets.next();
    if (done === true) {
      await flush();
      if (value !== undefined) report.warnings.push(value);
      break;
    }
    const packet = viewOf(value);
    if (packet === undefined) {
      await packets.return(undefined); // closes the file
      throw unsupported(path, report.packets + 1, value.linkType);
    }
    links.add(packet.link);
    report.packets++;
    batch.push(packet);
    bytes += packet.data.length;
    if (batch.length === BATCH_PACKETS || bytes > BATCH_BYTES) await flush();
  }
  report.warnings.push(...impossible(filter, links));
  return report;
}

/** libpcap refuses some filters for one kind of packet: none of these can match. */
function impossible(filter: CompiledFilter | null, links: ReadonlySet<ViewedPacket['link']>): string[] {
  const warnings: string[] = [];
  if (filter?.l2 === null && links.has('l2'))
    warnings.push('The filter can match no packet that has its Ethernet header, as some have here.');
  if (filter?.l3 === null && links.has('l3'))
    warnings.push('The filter can match no packet without an Ethernet header, as some are here.');
  return warnings;
}

function unsupported(path: string, number: number, linkType: number): PacketTraceError {
  return new PacketTraceError(
    'pcap-file',
    `Packet ${number} of "${path}" is of link type ${linkTypeText(linkType)}, which filters for traces do not look at.`,
    `Give a file whose packets are of ${SUPPORTED_LINK_TYPES}.`,
  );
}
