/** Filters with a tunnel's part, on tunnel packets, and what they must decide: by the rule, from where things lie. */
import type { CbpfInstruction, CompiledFilter } from '../../../common/protocol.ts';
import { runCbpf } from '../../../common/bpf/cbpf-interpreter.ts';
import { compileFilter } from '../../support/filter/compile-filter.ts';
import { tunnelPackets } from '../../support/packets/tunnel-packets.ts';
import type { PacketView } from '../../support/packets/varied-packets.ts';
import type { FilterCase } from './cases.ts';

const OUTER = ['', 'udp', 'ip6'];
const INNER_L2 = ['ether src 02:00:00:00:00:78', 'vlan 100', 'tcp port 80', 'arp', 'len = 54', ''];
const INNER_L3 = ['src host 192.168.7.1', 'tcp port 80', 'ip6', 'udp port 53', 'len <= 40', ''];

export async function tunnelCases(): Promise<FilterCase[]> {
  const cases: FilterCase[] = [];
  const add = async (outer: string, l2: string | undefined, l3: string | undefined) => {
    const filter: CompiledFilter = await compileFilter(outer);
    if (l2 !== undefined) filter.tunnelL2 = (await compileFilter(l2)).l2;
    if (l3 !== undefined) filter.tunnelL3 = (await compileFilter(l3)).l3;
    cases.push({ name: `"${outer}", inside "${l2 ?? '-'}", "${l3 ?? '-'}"`, filter });
  };
  for (const outer of OUTER) {
    for (const l2 of INNER_L2) await add(outer, l2, undefined);
    for (const l3 of INNER_L3) await add(outer, undefined, l3);
  }
  await add('', 'ether src 02:00:00:00:00:78', 'tcp port 80');
  await add('udp', 'ip', 'udp');
  return cases;
}

interface TunnelView extends PacketView {
  name: string;
  /** Offsets in `data`. */
  inner: { l2?: number; l3?: number };
}

/** Each packet from its Ethernet and from its IP header. */
export function tunnelViews(): TunnelView[] {
  return tunnelPackets().flatMap(({ name, frame, ip, inner }) =>
    (['l2', 'l3'] as const).map((link) => {
      const start = link === 'l2' ? 0 : ip;
      const shifted = Object.fromEntries(Object.entries(inner).map(([side, at]) => [side, at - start]));
      const data = frame.subarray(start);
      return { name: `${name} (${link})`, link, data, length: data.length, facts: {}, inner: shifted };
    }),
  );
}

export function matchesTunnel(filter: CompiledFilter, { link, data, inner }: TunnelView): boolean {
  const matches = (program: readonly CbpfInstruction[] | null | undefined, at: number | undefined) => {
    if (program === undefined) return true;
    if (program === null || at === undefined) return false;
    return runCbpf(program, data.subarray(at), data.length - at) !== 0;
  };
  return matches(filter[link], 0) && matches(filter.tunnelL2, inner.l2) && matches(filter.tunnelL3, inner.l3);
}
