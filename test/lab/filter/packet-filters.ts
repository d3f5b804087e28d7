/** Filters decide right on packets of the kernel that are not linear, or whose VLAN tag is outside of them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildBpf, compileBpf } from '../../../build/bpf.ts';
import { collectNative } from '../../../build/packages/native.ts';
import { repoRoot } from '../../../build/paths.ts';
import type { LinkFacts } from '../../../common/bpf/cbpf.ts';
import { runCbpf } from '../../../common/bpf/cbpf-interpreter.ts';
import { compileFilter } from '../../support/filter/compile-filter.ts';
import { FILTERS } from '../../support/filter/filter-corpus.ts';
import { craftedPackets } from '../../support/packets/packets.ts';
import { runBundled } from '../guests/script.ts';
import { bootGuest, type Guest } from '../guests/guest.ts';
import { archOf, type KernelName } from '../images/kernels.ts';
import type { SkbRunnerInput, SkbRunnerResult } from './skb-runner.ts';

const RUN_TIMEOUT_MS = 300_000;
/** What a tap device makes fragments of is at least a page. */
const PACKET_BYTES = 9000;
const MAX_PACKETS = 64;
/** How much of a packet is linear: cut within the Ethernet, the IP and the TCP header, and behind them. */
const LINEAR = { l2: [14, 15, 20, 24, 35, 47, 54, 70], l3: [1, 2, 9, 13, 20, 23, 40, 56] };
/** Its packets lie at addresses of 57 bits, and so do the pages of which the fragments are. */
const WITH_FIVE_LEVEL_PAGING: KernelName = '7.2';
const VLAN_TYPES = [0x8100, 0x88a8];

interface Sent {
  data: Uint8Array;
  linear: number;
  /** What the kernel makes of it: the outermost tag is taken out. */
  seen: Uint8Array;
  facts: LinkFacts;
}

function packetsOf(side: 'l2' | 'l3'): Sent[] {
  // What begins with neither header of IP a tun device refuses.
  const isIp = (first: number | undefined) => [4, 6].includes((first ?? 0) >> 4);
  const packets = craftedPackets().filter(
    ({ frame, linkBytes }) => frame.length > linkBytes && (side === 'l2' || isIp(frame[linkBytes])),
  );
  return packets.slice(0, MAX_PACKETS).map(({ frame, linkBytes }, index) => {
    const bytes = frame.subarray(side === 'l2' ? 0 : linkBytes);
    const data = Uint8Array.from({ length: PACKET_BYTES }, (_, at) => bytes[at] ?? (at * 7) & 0xff);
    const sizes = LINEAR[side];
    return { data, linear: sizes[index % sizes.length]!, ...received(data, side) };
  });
}

function received(data: Uint8Array, side: 'l2' | 'l3'): { seen: Uint8Array; facts: LinkFacts } {
  if (side === 'l3') return { seen: data, facts: { 'packet-type': 0 } };
  const view = new DataView(data.buffer);
  // PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST
  const packetType = data[0] === 0xff ? 1 : data[0]! & 1 ? 2 : 3;
  if (!VLAN_TYPES.includes(view.getUint16(12))) return { seen: data, facts: { 'packet-type': packetType } };
  const seen = Uint8Array.from([...data.subarray(0, 12), ...data.subarray(16)]);
  return { seen, facts: { 'packet-type': packetType, 'vlan-present': 1, 'vlan-tag': view.getUint16(14) } };
}

/** Filters for bytes around the places where a fragment of one or of eight pages ends. */
function deepFilters(): string[] {
  return [14, 15, 20, 54].flatMap((linear) =>
    [-4, -3, -2, -1, 0, 1].flatMap((distance) => {
      const at = linear + 4096 + distance;
      const value = [0, 1, 2, 3].reduce((word, byte) => word * 256 + (((at + byte) * 7) & 0xff), 0);
      return [`ether[${at}:4] = ${value}`, `ip[${at}:4] = ${value}`];
    }),
  );
}

/** @param parts of the corpus, of which each kernel gets one: loading a filter takes an emulated kernel a second */
export function packetFiltersOn(kernels: readonly KernelName[], parts = kernels.length): void {
  describe('filters on packets of the kernel', () => {
    const packets = { l2: packetsOf('l2'), l3: packetsOf('l3') };

    before(async () => {
      await collectNative();
      await buildBpf();
    });

    kernels.forEach((kernel, share) => {
      describe(`Linux ${kernel}`, () => {
        const mine = FILTERS.filter((_, index) => index % parts === share);
        // Reading of fragments depends on the kernel: of those filters two kernels have each.
        const deep = deepFilters().filter((_, index) => index % 2 === share % 2);
        const names = [...mine, ...deep];
        let guest: Guest | undefined;
        let input: SkbRunnerInput;
        let result: SkbRunnerResult;

        before(async () => {
          const encode = ({ data, linear }: Sent) => ({ data: Buffer.from(data).toString('base64'), linear });
          const arch = archOf(kernel) === 'arm64' ? 'arm64' : 'x64';
          const program = await compileBpf(join(repoRoot, 'test/lab/filter/skb.bpf.c'), arch);
          input = {
            program: Buffer.from(program).toString('base64'),
            filters: await Promise.all(names.map((text) => compileFilter(text, true, true))),
            packets: { l2: packets.l2.map(encode), l3: packets.l3.map(encode) },
          };
          const fiveLevelPaging = kernel === WITH_FIVE_LEVEL_PAGING;
          guest = await bootGuest({ kernel, userland: 'node', fiveLevelPaging });
          const output = await runBundled(guest, 'test/lab/filter/skb-runner.ts', input, RUN_TIMEOUT_MS);
          result = JSON.parse(output) as SkbRunnerResult;
        });
        after(() => guest?.stop());

        for (const side of ['l2', 'l3'] as const) {
          test(`${side}: every decision is that of classic BPF on the whole packet`, (context) => {
            const ifindex = result.ifindex[side];
            const linear = result.filters[0]?.[side].linear ?? [];
            const sent = packets[side];
            assert.equal(linear.length, sent.length);
            const paged = linear.filter((bytes) => bytes < PACKET_BYTES - 8).length;
            assert.ok(paged >= sent.length * 0.9, `only ${paged} of ${sent.length} have paged bytes`);
            const wrong = input.filters.flatMap((filter, index) => {
              const program = filter[side];
              const expected = sent.map(({ seen, facts }) =>
                program && runCbpf(program, seen, seen.length, { ...facts, interface: ifindex }) ? '1' : '0',
              );
              return expected.flatMap((keeps, packet) =>
                result.filters[index]?.[side].decisions[packet] === keeps
                  ? []
                  : `${names[index]}: packet ${packet}, ${linear[packet]} linear`,
              );
            });
            const compared = names.length * sent.length;
            context.diagnostic(
              `Linux ${kernel} ${side}: ${names.length} filters, ${sent.length} packets, ${paged} of them paged, ${compared} comparisons, ${wrong.length} disagreements`,
            );
            assert.equal(wrong.length, 0, wrong.slice(0, 10).join('\n'));
          });
        }
      });
    });
  });
}
