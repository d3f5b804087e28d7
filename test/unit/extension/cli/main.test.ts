/** The program itself, where what it is run by matters: pipes and exit codes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundle } from '../../../../build/bundle.ts';
import { buildLibpcap } from '../../../../build/libpcap/libpcap.ts';
import { distDir } from '../../../../build/paths.ts';
import { ExitCode } from '../../../../extension/cli/exit-codes.ts';
import { define, LANDMARKS, writeTree } from '../../../support/source/source-tree.ts';

let tree = '';

before(async () => {
  await Promise.all([bundle(), buildLibpcap()]);
  tree = await writeTree({ ...LANDMARKS, 'net/a.c': define('receive') });
});
after(() => rm(tree, { recursive: true }));

const program = `"${process.execPath}" "${join(distDir, 'packet-trace.cjs')}"`;

/** Runs a pipeline of bash. @returns the exit codes of its parts */
function run(pipeline: string): { codes: number[]; stdout: string; stderr: string } {
  const script = `${pipeline}\necho "\${PIPESTATUS[@]}" >&2`;
  const env = { ...process.env, XDG_CACHE_HOME: join(tree, '.cache') };
  const ended = spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 120_000, env });
  const lines = ended.stderr.trimEnd().split('\n');
  const codes = (lines.pop() ?? '').split(' ').map(Number);
  return { codes, stdout: ended.stdout, stderr: lines.join('\n') };
}

test('a reader that has enough ends the program, quietly and well', () => {
  for (const [pipeline, answer] of [
    [`yes 'tcp port 80' | ${program} filter check - | head -n 1`, /^\{"type":"verdict",.*\}\n$/],
    [
      `yes receive | ${program} source --checkout "${tree}" --json - | head -n 1`,
      /^\{"type":"source",.*\}\n$/,
    ],
    [`yes | ${program} --help | head -n 1`, /^Packet, where are you\?.*\n$/],
  ] as const) {
    const { codes, stdout, stderr } = run(pipeline);
    assert.match(stdout, answer);
    assert.equal(codes[1], ExitCode.Ok, `${pipeline}: ${codes.join(' ')} ${stderr}`);
    assert.doesNotMatch(stderr, /EPIPE|Error|\bat /);
  }
});

test('help is asked for or told as a mistake, by its exit code', () => {
  const help = run(`${program} help | cat`);
  assert.deepEqual([help.codes[0], help.stderr], [ExitCode.Ok, '']);
  assert.equal(run(`${program} | cat`).codes[0], ExitCode.Usage);
  const slip = run(`${program} trac host | cat`);
  assert.deepEqual([slip.codes[0], slip.stdout], [ExitCode.Usage, '']);
  assert.match(slip.stderr, /did you mean "trace"\?.*\n {2}See "packet-trace help"\.$/s);
});
