/** The kernel's verifier accepts every translated filter, and its decisions are those of classic BPF. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildBpf } from '../../../build/bpf.ts';
import { collectNative } from '../../../build/packages/native.ts';
import { variedPackets, type PacketView } from '../../support/packets/varied-packets.ts';
import { classicDecisions, filterCases, largeCase, type FilterCase } from './cases.ts';
import type { FilterRunnerInput, FilterRunnerResult } from './runner.ts';
import { runBundled } from '../guests/script.ts';
import { bootGuest, type Guest } from '../guests/guest.ts';
import type { KernelName } from '../images/kernels.ts';
import { matchesTunnel, tunnelCases, tunnelViews } from './tunnel-cases.ts';

const PACKETS = 500;
const RUN_TIMEOUT_MS = 900_000;
/** `full`: each kernel gets the whole corpus. */
const FULL = process.env.KPT_FILTER_CORPUS === 'full';

const packets = variedPackets(PACKETS, 1);

/** Thousands of decisions are compared: a message shows how many differ and some of them. */
function firstOf(problems: readonly string[]): string {
  return [`${problems.length} problems, among them:`, ...problems.slice(0, 10)].join('\n');
}

function inputOf(cases: readonly FilterCase[], packets: readonly PacketView[]): FilterRunnerInput {
  return {
    filters: cases.map(({ filter }) => filter),
    packets: packets.map(({ link, data, length, facts }) => ({
      ...{ link, length, facts },
      data: Buffer.from(data).toString('base64'),
    })),
  };
}

async function runFilters(guest: Guest, input: FilterRunnerInput): Promise<FilterRunnerResult[]> {
  const output = await runBundled(guest, 'test/lab/filter/runner.ts', input, RUN_TIMEOUT_MS);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FilterRunnerResult);
}

/** @param parts of the corpus, of which each kernel gets one */
export function filtersOn(kernels: readonly KernelName[], parts = kernels.length): void {
  describe('filters in the kernel', () => {
    let corpus: FilterCase[];
    let large: FilterCase;
    let decide: Awaited<ReturnType<typeof classicDecisions>>;

    before(async () => {
      await collectNative();
      await buildBpf();
      corpus = await filterCases();
      large = await largeCase();
      decide = await classicDecisions();
    });

    kernels.forEach((kernel, share) => {
      describe(`Linux ${kernel}`, () => {
        let guest: Guest | undefined;
        let cases: FilterCase[];
        let results: FilterRunnerResult[];

        before(async () => {
          const mine = corpus.filter((_, index) => FULL || index % parts === share);
          cases = [...mine, large];
          guest = await bootGuest({ kernel, userland: 'node' });
          results = await runFilters(guest, inputOf(cases, packets));
        });
        after(() => guest?.stop());

        test('every filter passes the verifier', () => {
          const refused = cases.flatMap(({ name }, index) => {
            const error = results[index]?.error ?? 'not run';
            return error === '' ? [] : `${name}: ${error}`;
          });
          assert.equal(refused.length, 0, firstOf(refused));
        });

        test('every decision is that of classic BPF', (context) => {
          const wrong = cases.flatMap(({ name, filter }, index) => {
            const decisions = results[index]?.decisions ?? '';
            return [...decide(filter, packets)].flatMap((keeps, packet) =>
              decisions[packet] === keeps ? [] : `${name}: packet ${packet} (${packets[packet]?.link})`,
            );
          });
          const compared = cases.length * packets.length;
          context.diagnostic(
            `Linux ${kernel}: ${cases.length} filters, ${packets.length} packets, ${compared} comparisons, ${wrong.length} disagreements`,
          );
          assert.equal(wrong.length, 0, firstOf(wrong));
        });

        test('a filter for the inside of tunnels decides on the packet inside', async (context) => {
          const tunnels = await tunnelCases();
          const views = tunnelViews();
          const decisions = await runFilters(guest!, inputOf(tunnels, views));
          const wrong = tunnels.flatMap(({ name, filter }, index) =>
            views.flatMap((view, packet) => {
              const expected = matchesTunnel(filter, view) ? '1' : '0';
              const { decisions: own = '', error = 'not run' } = decisions[index] ?? {};
              return own[packet] === expected ? [] : `${name}: ${view.name} ${error}`;
            }),
          );
          context.diagnostic(
            `Linux ${kernel}: ${tunnels.length} tunnel filters, ${views.length} packets, ${wrong.length} disagreements`,
          );
          assert.equal(wrong.length, 0, firstOf(wrong));
        });
      });
    });
  });
}
