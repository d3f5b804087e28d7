/** The filters and packets of the differential test in the kernel, and what classic BPF decides of them. */
import type { CompiledFilter } from '../../../common/protocol.ts';
import { runCbpf } from '../../../common/bpf/cbpf-interpreter.ts';
import { compileFilter } from '../../support/filter/compile-filter.ts';
import { FILTERS, manyHosts } from '../../support/filter/filter-corpus.ts';
import { generate, handwritten } from '../../support/filter/libpcap-filters.ts';
import { loadNativeLibpcap, type NativeLibpcap } from '../../support/filter/native-libpcap.ts';
import type { PacketView } from '../../support/packets/varied-packets.ts';

export interface FilterCase {
  name: string;
  filter: CompiledFilter;
}

/** Offsets that name facts of the skb; libpcap's own bpf_filter does not know all of them. */
const FACTS_START = 0xffff_f000;
/** How many filters are generated. */
const GENERATED = 300;

/** Every valid filter of the corpus, each as a trace would load it; one of two link types is enough. */
export async function filterCases(): Promise<FilterCase[]> {
  const cases: FilterCase[] = [];
  const add = async (text: string, optimize: boolean) => {
    const filter = await compileFilter(text, optimize, true);
    const name = optimize ? text : `${text} (not optimised)`;
    if (filter.l2 !== null || filter.l3 !== null) cases.push({ name, filter });
  };
  for (const text of FILTERS) {
    await add(text, true);
    await add(text, false);
  }
  for (const text of [...handwritten, ...generate(GENERATED, 5)]) await add(text, true);
  return cases;
}

/** 400 hosts, as a script would write them: some 12,000 instructions for each side. */
export async function largeCase(): Promise<FilterCase> {
  return { name: '400 hosts', filter: await compileFilter(`${manyHosts(400)} or host 1.1.1.1`, false) };
}

/** Decides by libpcap's bpf_filter, or where that cannot by an interpreter that is compared with it elsewhere. */
export async function classicDecisions(): Promise<
  (filter: CompiledFilter, packets: readonly PacketView[]) => string
> {
  const native = await loadNativeLibpcap();
  return (filter, packets) => {
    const sides = { l2: decider(native, filter.l2), l3: decider(native, filter.l3) };
    return packets.map((packet) => (sides[packet.link](packet) ? '1' : '0')).join('');
  };
}

function decider(native: NativeLibpcap, program: CompiledFilter['l2']): (packet: PacketView) => boolean {
  if (program === null) return () => false;
  if (program.some(([code, , , k]) => (code & 0x07) === 0 && k >= FACTS_START))
    return ({ data, length, facts }) => runCbpf(program, data, length, facts) !== 0;
  const run = native.runner(program);
  return ({ data, length }) => run(data, length) !== 0;
}
