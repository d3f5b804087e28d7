/**
 * The packet filter as a BPF object file that libbpf's static linker links to the programs of bpf/. They call
 * `int pcap_filter_l2(data, linear, length, paged, link)` on a packet's Ethernet header and `pcap_filter_l3` on
 * its IP header, `pcap_tunnel_l2` and `pcap_tunnel_l3` on those of the packet inside of a tunnel
 * (FILTER_PARAMETERS says what the arguments are), `int skb_expression(skb)` and `int xdp_expression(xdp)`; nonzero
 * keeps the packet. `u64 skb_metadata(skb, nth)` and `u64 xdp_metadata(xdp, nth)` give values to tell. As global
 * functions they are verified by themselves. They call packet_word of bpf/packet/paged-bytes.h.
 *
 * So classic BPF comes into this folder, and the bytes of an ELF file go out, with filter-config.ts beside them.
 * Read this file first; elf-builder.ts and btf-builder.ts know the formats.
 */
import type { DirectReads } from '../../common/bpf/direct-reads.ts';
import type { CbpfInstruction, CompiledFilter } from '../../common/protocol.ts';
import { checkBranchLimit } from './branch-limit.ts';
import { buildBtf, type FunctionInfo } from './btf-builder.ts';
import { decodeCbpf } from '../../common/bpf/cbpf.ts';
import * as ebpf from '../../common/bpf/ebpf.ts';
import { buildElf } from './elf-builder.ts';
import { FILTER_PARAMETERS, translate } from '../../common/bpf/translate.ts';

type Prototype = Pick<FunctionInfo, 'parameters' | 'isWide'>;

const FILTER: Prototype = { parameters: FILTER_PARAMETERS, isWide: false };

/** Of functions that are no filters on the packet's bytes, but expressions (common/expression/). */
const EXPRESSIONS: Readonly<Record<string, Prototype>> = {
  skb_expression: { parameters: ['skb'], isWide: false },
  xdp_expression: { parameters: ['xdp'], isWide: false },
  skb_metadata: { parameters: ['skb', 'nth'], isWide: true },
  xdp_metadata: { parameters: ['xdp', 'nth'], isWide: true },
};

/** The code of expressions: of conditions that keep packets besides the filter, and of values to tell. */
export interface ExpressionCode extends MetadataCode {
  /** Without it all are kept, as without `xdp`. */
  skb?: readonly ebpf.Instruction[] | undefined;
  xdp?: readonly ebpf.Instruction[] | undefined;
}

/** The bodies of `skb_metadata(skb, nth)` and `xdp_metadata(xdp, nth)`. */
export interface MetadataCode {
  skbMetadata?: readonly ebpf.Instruction[] | undefined;
  xdpMetadata?: readonly ebpf.Instruction[] | undefined;
}

const PACKET_WORD = { name: 'packet_word', parameters: ['skb', 'position'] };

/**
 * @param filter null: keep every packet; a side that is null keeps none, a tunnel's that is left out keeps all
 * @param direct how programs of this kernel read without calls; undefined: not at all
 * @param expressions what the user asks of packets besides, and to be told of them
 * @throws AgentFailure `bad-filter`
 */
export function filterObject(
  filter: CompiledFilter | null,
  direct?: DirectReads,
  expressions: ExpressionCode = {},
): Uint8Array {
  const sideCode = (program: readonly CbpfInstruction[] | null) => codeOf(program, direct);
  const everything = constant(1);
  const bodies = {
    pcap_filter_l2: filter === null ? everything : sideCode(filter.l2),
    pcap_filter_l3: filter === null ? everything : sideCode(filter.l3),
    pcap_tunnel_l2: filter?.tunnelL2 === undefined ? everything : sideCode(filter.tunnelL2),
    pcap_tunnel_l3: filter?.tunnelL3 === undefined ? everything : sideCode(filter.tunnelL3),
    skb_expression: expressions.skb ?? everything,
    xdp_expression: expressions.xdp ?? everything,
    skb_metadata: expressions.skbMetadata ?? constant(0),
    xdp_metadata: expressions.xdpMetadata ?? constant(0),
  };
  const functions: { name: string; offset: number; bytes: number }[] = [];
  const code: ebpf.Instruction[] = [];
  for (const [name, body] of Object.entries(bodies)) {
    const bytes = body.length * ebpf.INSTRUCTION_BYTES;
    functions.push({ name, offset: code.length * ebpf.INSTRUCTION_BYTES, bytes });
    for (const instruction of body) code.push(instruction);
  }
  const calls = code.flatMap((instruction, index) =>
    ebpf.isExternalCall(instruction) ? index * ebpf.INSTRUCTION_BYTES : [],
  );
  const infos = functions.map(({ name, offset }) => ({
    name,
    offset,
    ...(EXPRESSIONS[name] ?? FILTER),
  }));
  const { btf, btfExt } = buildBtf('.text', infos, calls.length > 0 ? [PACKET_WORD] : []);
  return buildElf({
    code: ebpf.encode(code),
    functions,
    external: { name: PACKET_WORD.name, calls },
    data: [
      { name: '.BTF', bytes: btf },
      { name: '.BTF.ext', bytes: btfExt },
    ],
  });
}

/** Whether the filter asks for the interface, the direction or a tag: the caller must pass `link` then. */
export function readsLink(filter: CompiledFilter | null): boolean {
  const sides = [filter?.l2 ?? null, filter?.l3 ?? null];
  return sides.some((side) => side !== null && decodeCbpf(side).some(({ op }) => op === 'load-link'));
}

function codeOf(
  program: readonly CbpfInstruction[] | null,
  direct: DirectReads | undefined,
): ebpf.Instruction[] {
  if (program === null) return constant(0);
  const code = translate(decodeCbpf(program), direct);
  checkBranchLimit(code);
  return code;
}

/** A function that decides without looking. */
function constant(value: 0 | 1): ebpf.Instruction[] {
  return [ebpf.alu32('mov', ebpf.R0, value), ebpf.exit()];
}
