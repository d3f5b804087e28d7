import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counting, Plan } from '../../../../../common/protocol.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { functionsCommand } from '../../../../../extension/cli/commands/functions.ts';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { Collected, FakeProcess } from '../../../../support/agent/fake-trace.ts';
import { differences, readJsonDocs } from '../../../../support/json-docs.ts';

const plan: Plan = {
  type: 'plan',
  functions: [
    { name: 'tcp_v4_rcv', module: '', argument: 1, role: 'plain', shown: true },
    { name: 'nft_do_chain.isra.0', module: 'nf_tables', argument: 2, role: 'plain', shown: true },
    { name: 'kfree_skbmem', module: '', argument: 1, role: 'release', shown: false },
  ],
  skipped: [
    { reason: 'no code of its own', names: ['skb_put', 'nft_pktinfo [nf_tables]'] },
    { reason: 'no types', names: ['[other]'] },
  ],
};
const counting: Counting = { ...plan, type: 'counting', backend: 'kprobe', functions: plan.functions };

async function run(args: string[], hits: number[] = [3, 1234, 0], missed = 0) {
  const stdout = new Collected();
  const process = new FakeProcess(stdout);
  const { environment } = process;
  const command = parseCommandLine(['functions', 'web1', ...args]);
  assert.ok(command.name === 'functions');
  const code = await functionsCommand(command, environment, {
    planOf: (_, choice) => {
      assert.equal(choice.functions ?? '', command.functions);
      assert.deepEqual(choice.modules ?? [], command.modules);
      return Promise.resolve(plan);
    },
    countFunctions: async (_, __, wait) => {
      process.interrupt(); // before the ten seconds are over
      await wait(counting);
      return { counting, counts: { type: 'counts', hits, missed, milliseconds: 9_960 } };
    },
  });
  return { code, stdout: stdout.text };
}

const objects = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('the plan in words: functions by role, others by reason', async () => {
  const { code, stdout } = await run(['--filter-func', 'tcp_.*']);
  assert.equal(code, ExitCode.Ok);
  assert.equal(
    stdout,
    `Functions that a packet passes, 2:
  nft_do_chain.isra.0 [nf_tables]  argument 2
  tcp_v4_rcv                       argument 1

Functions that release a packet: its life ends, 1:
  kfree_skbmem  argument 1  not shown as a step

Not probed: no code of its own, 2:
  skb_put
  nft_pktinfo [nf_tables]

Not probed: no types, 1:
  [other]

3 functions probed, 2 of them shown as steps; 3 functions not probed.
`,
  );
});

test('counts: the busiest first, and what was passed over', async () => {
  const { stdout } = await run(['--count'], [3, 1234, 0], 7);
  assert.equal(
    stdout,
    `  1,234  nft_do_chain.isra.0 [nf_tables]  argument 2
      3  tcp_v4_rcv                       argument 1
2 of 3 functions were called within 10.0 s.
7 calls were not counted, of which functions is not known: the kernel was running another probe on that CPU.
`,
  );
  assert.match((await run(['--count'], [0, 0, 0])).stdout, /^0 of 3 functions were called/);
});

test('the objects are as docs/json.md describes them', async () => {
  const documented = readJsonDocs();
  for (const args of [['--json'], ['--json', '--count']]) {
    const all = objects((await run(args)).stdout);
    assert.deepEqual(
      all.flatMap((object) => differences(object, documented)),
      [],
    );
    assert.deepEqual(
      all.map(({ type }) => type),
      [...Array<string>(6).fill('function'), 'functions'],
    );
    const [, , , , inModule, whole, totals] = all;
    assert.deepEqual([inModule?.function, inModule?.module], ['nft_pktinfo', 'nf_tables']);
    assert.deepEqual([whole?.function, whole?.module, whole?.reason], [null, 'other', 'no types']);
    assert.deepEqual([totals?.probed, totals?.notProbed], [3, 3]);
  }
});

test('what is for counting needs --count', () => {
  for (const args of [
    ['--seconds', '5'],
    ['--backend', 'kprobe'],
  ])
    assert.throws(() => parseCommandLine(['functions', 'h', ...args]), /add --count/);
  assert.throws(() => parseCommandLine(['functions', 'h', '--count', '--seconds', '0']), /from 1 to/);
  assert.throws(() => parseCommandLine(['functions']), /needs a target/);
});
