import { listCbpf } from '../../common/bpf/cbpf-listing.ts';
import { decodeCbpf } from '../../common/bpf/cbpf.ts';
import { listEbpf } from '../../common/bpf/ebpf-listing.ts';
import { translate } from '../../common/bpf/translate.ts';
import { AgentFailure } from '../../common/errors.ts';
import type { CbpfInstruction, CompiledFilter } from '../../common/protocol.ts';

/** What a filter is compiled to, for both views of a packet. */
export function compiledListing(filter: string, { l2, l3 }: CompiledFilter): string {
  return [
    filterHeading(filter),
    '',
    ...side('Packets that have an Ethernet header (DLT_EN10MB)', l2),
    '',
    ...side('Packets that have none, or not yet: from the IP header (DLT_RAW)', l3),
    '',
  ].join('\n');
}

/** The filter of a listing on one line. */
export function filterHeading(filter: string): string {
  return `Filter: ${filter.trim() === '' ? '(none: every packet)' : filter.trim().replace(/\s+/g, ' ')}`;
}

function side(title: string, program: readonly CbpfInstruction[] | null): string[] {
  const heading = [title, '='.repeat(title.length)];
  if (program === null) return [...heading, 'No such packet can match: nothing is compiled for it.'];
  return [
    ...heading,
    '',
    `Classic BPF, by libpcap: ${count(program.length)}`,
    ...listCbpf(program),
    '',
    ...translated(program),
  ];
}

function translated(program: readonly CbpfInstruction[]): string[] {
  try {
    const code = translate(decodeCbpf(program));
    return [`eBPF, as it runs in the kernel: ${count(code.length)}`, ...listEbpf(code)];
  } catch (error) {
    if (!(error instanceof AgentFailure)) throw error;
    return [`${error.message} ${error.remedy}`.trimEnd()];
  }
}

function count(instructions: number): string {
  return instructions === 1 ? '1 instruction' : `${instructions} instructions`;
}
