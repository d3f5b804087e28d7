/** What the user is told about a filter. Pure: the compiler's two answers in, words out. */
import type { CbpfInstruction } from '../../../common/protocol.ts';
import { REJECTS_ALL, type CompileResult, type RefusedResult } from './compile.ts';

/** A filter compiled for both views of a packet. */
export interface CompileAnswer {
  /** From the Ethernet header (DLT_EN10MB). */
  l2: CompileResult;
  /** From the IP header (DLT_RAW). */
  l3: CompileResult;
  /** What a trace loads in place of l2 where it differs: it sees VLAN tags outside of the packet too. */
  tracedL2?: CompileResult;
  /** False: libpcap's optimiser was too slow for this filter, and its plain program is used. */
  optimized: boolean;
}

/** Whether a filter can be traced with, and in what way it differs from what the user may expect. */
export interface FilterVerdict {
  /** At least one kind of packet can match. */
  ok: boolean;
  /** One sentence for a line under the filter; of a refused filter libpcap's own words. */
  message: string;
  /** What to do about it; empty where there is nothing to do or to say. */
  remedy: string;
  optimized: boolean;
  /** Packets that have their Ethernet header. */
  l2: LinkVerdict;
  /** Packets that have none, or not yet: seen from the IP header. */
  l3: LinkVerdict;
}

export type LinkVerdict =
  | { ok: true; instructions: number; everyPacket: boolean }
  /** No such packet can match. */
  | { ok: false; message: string };

/** The verdict on a text that is no filter: everything is traced. */
export const everyPacket: FilterVerdict = {
  ok: true,
  message: 'No filter: every packet.',
  remedy: '',
  optimized: true,
  l2: { ok: true, instructions: 1, everyPacket: true },
  l3: { ok: true, instructions: 1, everyPacket: true },
};

export const remedies = {
  syntax: 'The syntax is that of pcap-filter(7), as tcpdump has it.',
  contradiction: 'Its terms exclude each other; "or" may be meant where it has "and".',
  tooLarge: 'Use fewer terms, for example one network ("net 10.0.0.0/8") in place of many hosts.',
};

/** A verdict that does not depend on the kind of packet. */
export function refuse(message: string, remedy: string): FilterVerdict {
  const link = { ok: false as const, message };
  return { ok: false, message, remedy, optimized: true, l2: link, l3: link };
}

export function judge(answer: CompileAnswer): FilterVerdict {
  const { l2, l3, optimized } = answer;
  const links = { optimized, l2: verdictOn(l2), l3: verdictOn(l3) };
  const refused = [l2, l3].filter((result) => !result.ok);
  // Too large for one view is too large: the packets that it would match there must not be lost silently.
  if (refused.length === 2 || refused.some((result) => result.tooLarge))
    return { ok: false, ...refusal(refused), ...links };
  const message = differences(l2, l3);
  const costly = ' It was too large to optimise and costs more for each packet.';
  return { ok: true, message: optimized ? message : message + costly, remedy: '', ...links };
}

function refusal(refused: readonly RefusedResult[]): { message: string; remedy: string } {
  const message = [...new Set(refused.map((result) => result.message))].join('; from the IP header: ');
  if (refused.some((result) => result.tooLarge))
    return { message: `it is too large or too deeply nested (${message})`, remedy: remedies.tooLarge };
  const [name] = refused.flatMap((result) => result.unresolved);
  if (name !== undefined) {
    const remedy = `"${name}" is no word of the filter language, and names of hosts and networks are not resolved: use an address.`;
    return { message, remedy };
  }
  const contradiction = message === REJECTS_ALL;
  return { message, remedy: contradiction ? remedies.contradiction : remedies.syntax };
}

/** A program that is no more than "accept". */
export function matchesEveryPacket(instructions: readonly CbpfInstruction[]): boolean {
  const BPF_RET_K = 0x06;
  const [first] = instructions;
  return first?.[0] === BPF_RET_K && first[3] !== 0;
}

function verdictOn(result: CompileResult): LinkVerdict {
  if (!result.ok) return { ok: false, message: result.message };
  const { instructions } = result;
  return { ok: true, instructions: instructions.length, everyPacket: matchesEveryPacket(instructions) };
}

function differences(l2: CompileResult, l3: CompileResult): string {
  if (!l3.ok) return `Matches only packets with an Ethernet header; without one: ${l3.message}.`;
  if (!l2.ok) return `Matches only packets without an Ethernet header; with one: ${l2.message}.`;
  const [allL2, allL3] = [matchesEveryPacket(l2.instructions), matchesEveryPacket(l3.instructions)];
  if (allL2 && allL3) return 'Matches every packet.';
  if (allL2) return 'Matches every packet that has an Ethernet header.';
  if (allL3) return 'Matches every packet that has no Ethernet header.';
  const [l2Count, l3Count] = [l2.instructions.length, l3.instructions.length];
  return `Valid: ${l2Count} instructions from the Ethernet header, ${l3Count} from the IP header.`;
}
