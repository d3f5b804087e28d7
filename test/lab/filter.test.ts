/** The kernel's verifier accepts every translated filter, and its decisions are those of classic BPF. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build } from 'esbuild';
import { buildBpf } from '../../build/bpf.ts';
import { collectNative } from '../../build/native.ts';
import { distDir, repoRoot } from '../../build/paths.ts';
import { run } from '../../build/run.ts';
import { filterObject } from '../../remote-agent/filter/object.ts';
import type { CompiledFilter } from '../../remote-agent/protocol.ts';
import { runCbpf } from '../unit/support/cbpf-interpreter.ts';
import { compileFilter } from '../unit/support/compile-filter.ts';
import { FILTERS, manyHosts } from '../unit/support/filter-corpus.ts';
import { craftedPackets, viewOf } from '../unit/support/packets.ts';
import { compileHarness, type FilterCall } from './filter-harness.ts';
import type { FilterRunnerInput, FilterRunnerResult } from './filter-runner.ts';
import { bootGuest, type Guest, type KernelName } from './guest.ts';

const KERNELS: KernelName[] = ['6.1', '6.12'];
/** The kernel's limit (BPF_COMPLEXITY_LIMIT_INSNS) is a million. */
const MANY_VERIFIED = 300_000;
const RUN_TIMEOUT_MS = 300_000;

interface FilterCase {
  name: string;
  filter: CompiledFilter | null;
}

const packets = craftedPackets();
const names: string[] = [];
const calls: FilterCall[] = (['l2', 'l3'] as const).flatMap((side) =>
  packets.map((packet) => {
    names.push(`${side}: ${packet.name}`);
    return { side, ...viewOf(packet, side) };
  }),
);

async function filterCases(): Promise<FilterCase[]> {
  const cases: FilterCase[] = [{ name: 'no filter', filter: null }];
  for (const text of FILTERS) {
    cases.push({ name: text, filter: await compileFilter(text) });
    cases.push({ name: `${text} (not optimised)`, filter: await compileFilter(text, false) });
  }
  cases.push({ name: '400 hosts', filter: await compileFilter(`${manyHosts(400)} or host 1.1.1.1`, false) });
  return cases;
}

function expected(filter: CompiledFilter | null): boolean[] {
  return calls.map(({ side, bytes, length, link }) => {
    if (filter === null) return true;
    const program = filter[side];
    return program !== null && runCbpf(program, bytes, length, link) !== 0;
  });
}

async function bundleRunner(): Promise<string> {
  const entryPoints = [join(repoRoot, 'test/lab/filter-runner.ts')];
  const result = await build({ entryPoints, bundle: true, platform: 'node', target: 'node20', write: false });
  return result.outputFiles[0]!.text;
}

/** Copies the agent's native libraries and the runner into the guest; returns the runner's path there. */
async function installRunner(guest: Guest): Promise<string> {
  const folder = '/root/filter-test';
  const libraries = await run('sh', ['-c', 'tar -C "$0" -cz linux-x64 | base64', join(distDir, 'agent')]);
  const runner = `${folder}/filter-runner.cjs`;
  for (const [command, input] of [
    [`mkdir ${folder} && base64 -d | tar -C ${folder} -xz`, libraries],
    [`cat > ${runner}`, await bundleRunner()],
  ] as const) {
    const result = await guest.exec(command, { input });
    assert.equal(result.code, 0, result.stderr);
  }
  return runner;
}

async function runInGuest(guest: Guest, input: FilterRunnerInput): Promise<FilterRunnerResult[]> {
  const command = `node ${await installRunner(guest)}`;
  const result = await guest.exec(command, { input: JSON.stringify(input), timeoutMs: RUN_TIMEOUT_MS });
  const fault = guest.panicked() ? `the guest's kernel died (the lab's fault)\n${guest.console()}` : '';
  assert.equal(result.code, 0, `${fault}${result.stderr}`);
  return JSON.parse(result.stdout) as FilterRunnerResult[];
}

/** Thousands of decisions are compared: a message shows how many differ and some of them. */
function firstOf(problems: readonly string[]): string {
  return [`${problems.length} problems, among them:`, ...problems.slice(0, 10)].join('\n');
}

describe('filters in the kernel', () => {
  let cases: FilterCase[];
  let input: FilterRunnerInput;

  before(async () => {
    await collectNative();
    await buildBpf();
    cases = await filterCases();
    const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
    input = {
      harness: encode(compileHarness(calls)),
      filters: cases.map(({ filter }) => encode(filterObject(filter))),
      calls: calls.length,
    };
  });

  for (const kernel of KERNELS) {
    describe(`Linux ${kernel}`, () => {
      let guest: Guest | undefined;
      let results: FilterRunnerResult[];

      before(async () => {
        guest = await bootGuest({ kernel, userland: 'node' });
        results = await runInGuest(guest, input);
      });
      after(() => guest?.stop());

      test('every filter passes the verifier', () => {
        const refused = cases.flatMap(({ name }, index) => {
          const error = results[index]?.error ?? 'not run';
          return error === '' ? [] : `${name}: ${error}`;
        });
        assert.equal(refused.length, 0, firstOf(refused));
        assert.ok(Math.max(...results.map(({ verified }) => verified)) < MANY_VERIFIED);
      });

      test('every decision is that of classic BPF', () => {
        const wrong = cases.flatMap(({ name, filter }, index) =>
          expected(filter).flatMap((keeps, call) =>
            results[index]?.decisions[call] === (keeps ? 1 : 0) ? [] : `${name}: ${names[call]}`,
          ),
        );
        assert.equal(wrong.length, 0, firstOf(wrong));
      });
    });
  }
});
