import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { showCommand } from '../../../../../extension/cli/commands/show.ts';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { TextFormat } from '../../../../../extension/cli/output/text-format.ts';
import { RecordingFile } from '../../../../../extension/recording/file/recording-file.ts';
import { RecordingBuilder } from '../../../../../extension/recording/recording-builder.ts';
import { DEFAULT_RETENTION } from '../../../../../extension/recording/retention.ts';
import { Collected, FakeProcess, TARGET_FACTS } from '../../../../support/agent/fake-trace.ts';
import { attached, batch, functionAddress, hello, kernelAddress } from '../../../../support/agent/records.ts';
import { differences, readJsonDocs } from '../../../../support/json-docs.ts';

const folder = mkdtempSync(join(tmpdir(), 'packet-trace-show-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const EVENTS = 30_000;

/** A recording of many events, of which the decoder tells a few hundred at once. */
async function recorded(name: string): Promise<{ file: string; made: RecordingBuilder }> {
  const file = join(folder, name);
  const made = new RecordingBuilder(DEFAULT_RETENTION);
  const writing = await RecordingFile.create(file, (error) => assert.fail(error.message));
  writing.follow(made, {
    version: '1.2.3',
    target: { label: 'lab', facts: TARGET_FACTS },
    told: { caller: true },
  });
  made.addFact(hello());
  made.addFact({
    type: 'filter',
    generation: 0,
    since: null,
    filter: 'tcp',
    tunnelFilterL2: '',
    tunnelFilterL3: '',
  });
  made.addFact(attached(['ip_rcv', 'ip_forward', 'ip_output']));
  for (let nth = 0; nth < EVENTS; nth += 500)
    made.addEvents(
      batch(
        Array.from({ length: 500 }, (_, index) => ({
          timestamp: BigInt(nth + index) * 1000n,
          life: 1 + ((nth + index) % 100),
          skb: kernelAddress(4096 * (1 + ((nth + index) % 100))),
          address: kernelAddress(functionAddress((nth + index) % 3)),
          comm: 'curl',
          extras: { caller: functionAddress(1) },
        })),
      ),
    );
  made.addFact({ type: 'loss', lost: 7, missed: 0, untracked: 0 });
  made.addFact({
    type: 'over',
    why: 'stopped',
    error: null,
    events: EVENTS,
    bytes: 99,
    incomplete: null,
    agent: null,
  });
  await writing.close();
  return { file, made };
}

async function show(...args: string[]): Promise<{ code: ExitCode; lines: string[]; stderr: string }> {
  const stdout = new Collected();
  const { environment, stderr } = new FakeProcess(stdout);
  const command = parseCommandLine(['show', ...args]);
  assert.ok(command.name === 'show');
  const code = await showCommand(command, environment);
  return { code, lines: stdout.text.trimEnd().split('\n'), stderr: stderr.text };
}

test('prints the lines of a trace, its target and its totals', async () => {
  const { file, made } = await recorded('whole.kpt.arrow');
  const format = new TextFormat(made, {
    tuple: true,
    tcpFlags: false,
    meta: true,
    timestamp: 'none',
    hasColors: false,
    caller: true,
  });
  const { code, lines, stderr } = await show(file);
  assert.equal(code, ExitCode.Ok);
  assert.equal(lines.length, 1 + EVENTS);
  for (const event of [0, 1, EVENTS - 1])
    assert.equal(`${lines[1 + event]}\n`, format.line(event), `event ${event}`);
  assert.match(stderr, /Tracing lab \(Linux .*: 3 functions by kprobe-multi/);
  assert.match(stderr, /7 events lost|7 lost/);
});

test('prints documented JSON', async () => {
  const { file } = await recorded('json.kpt.arrow');
  const { code, lines } = await show(file, '--json');
  assert.equal(code, ExitCode.Ok);
  const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(objects.filter(({ type }) => type === 'event').length, EVENTS);
  assert.deepEqual(
    ['target', 'attached', 'filter', 'end'].map(
      (type) => objects.filter((each) => each.type === type).length,
    ),
    [1, 1, 1, 1],
  );
  assert.equal(objects[0]?.target, 'lab');
  const documented = readJsonDocs();
  const { caller, ...event } = objects.find(({ type }) => type === 'event') ?? {};
  assert.ok(caller, 'what events told on request is in it');
  for (const object of [objects[0], event, objects.at(-1)])
    assert.deepEqual(differences(object ?? {}, documented), []);
});

test('stops after as many lines as asked for, without reading the rest', async () => {
  const { file } = await recorded('limit.kpt.arrow');
  const { code, lines } = await show(file, '--output-limit-lines', '5');
  assert.deepEqual([code, lines.length], [ExitCode.Ok, 1 + 5]);
});

test('says that a recording was cut off, and shows what is there', async () => {
  const { file } = await recorded('cut.kpt.arrow');
  truncateSync(file, Math.floor(statSync(file).size * 0.7));
  const { code, lines, stderr } = await show(file);
  assert.equal(code, ExitCode.Ok);
  assert.match(stderr, /cut off/);
  assert.ok(lines.length > 1000 && lines.length < EVENTS, String(lines.length));
});

test('what is no recording is refused', async () => {
  const { code, stderr } = await show(join(folder, 'missing'));
  assert.equal(code, ExitCode.Usage);
  assert.match(stderr, /There is no file .*missing/);
});
