/**
 * The packet filter as a BPF object file that libbpf's static linker links to the tracing programs. They call
 * `int pcap_filter_l2(u64 data, u64 linear, u64 length, u64 link)` and `pcap_filter_l3`: data is the kernel
 * address of the first byte (of the Ethernet header, of the IP header), linear the bytes readable there, length
 * the packet's length from there, link the interface's index and the packet type (in the upper half) for
 * filters that ask for them; nonzero keeps the packet. As global functions they are verified by themselves.
 */
import type { CbpfInstruction, CompiledFilter } from '../protocol.ts';
import { checkBranchLimit } from './branch-limit.ts';
import { buildBtf } from './btf-builder.ts';
import { decodeCbpf } from './cbpf.ts';
import * as ebpf from './ebpf.ts';
import { buildElf } from './elf-builder.ts';
import { translate } from './translate.ts';

const PARAMETERS = ['data', 'linear', 'length', 'link'];

/**
 * @param filter null: keep every packet; a side that is null keeps none
 * @throws AgentFailure `bad-filter`
 */
export function filterObject(filter: CompiledFilter | null): Uint8Array {
  const functions: { name: string; offset: number; code: Uint8Array }[] = [];
  let offset = 0;
  for (const side of ['l2', 'l3'] as const) {
    const code = ebpf.encode(filter === null ? constant(1) : sideCode(filter[side]));
    functions.push({ name: `pcap_filter_${side}`, offset, code });
    offset += code.length;
  }
  const infos = functions.map(({ name, offset }) => ({ name, offset, parameters: PARAMETERS }));
  const { btf, btfExt } = buildBtf('.text', infos);
  return buildElf(
    [
      { name: '.text', executable: true, data: Buffer.concat(functions.map(({ code }) => code)) },
      { name: '.BTF', executable: false, data: btf },
      { name: '.BTF.ext', executable: false, data: btfExt },
    ],
    functions.map(({ name, offset, code }) => ({ name, offset, bytes: code.length })),
  );
}

/** Whether the filter asks for the interface or the direction: the caller must pass `link` then. */
export function readsLink(filter: CompiledFilter | null): boolean {
  const sides = [filter?.l2 ?? null, filter?.l3 ?? null];
  return sides.some((side) => side !== null && decodeCbpf(side).some(({ op }) => op === 'load-link'));
}

function sideCode(program: readonly CbpfInstruction[] | null): ebpf.Instruction[] {
  if (program === null) return constant(0);
  const code = translate(decodeCbpf(program));
  checkBranchLimit(code);
  return code;
}

/** A function that decides without looking. */
function constant(value: 0 | 1): ebpf.Instruction[] {
  return [ebpf.alu32('mov', ebpf.R0, value), ebpf.exit()];
}
