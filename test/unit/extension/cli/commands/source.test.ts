import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { bundle } from '../../../../../build/bundle.ts';
import { distDir } from '../../../../../build/paths.ts';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { sourceIndexCommand } from '../../../../../extension/cli/commands/source-index.ts';
import { sourceCommand } from '../../../../../extension/cli/commands/source.ts';
import { Collected } from '../../../../support/agent/fake-trace.ts';
import { define, LANDMARKS, writeTree } from '../../../../support/source/source-tree.ts';

let root = '';
let cache = '';
const cacheBefore = process.env.XDG_CACHE_HOME;

before(async () => {
  await bundle();
  cache = await mkdtemp(join(tmpdir(), 'source-command-'));
  process.env.XDG_CACHE_HOME = cache;
  root = await writeTree({
    ...LANDMARKS,
    'net/Makefile': 'obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_B) += b.o\n',
    'net/Kconfig': 'config A\n\ttristate "a"\nconfig B\n\ttristate "b"\n',
    'net/a.c': define('receive'),
    'net/b.c': `\n${define('receive')}static inline int small(int a) { return a; }\n`,
  });
});

after(async () => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
  await Promise.all([root, cache].map((dir) => rm(dir, { recursive: true })));
});

async function run(args: string[], input = ''): Promise<{ code: ExitCode; out: string; err: string }> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const stdin = Readable.from([input]);
  const { signal: interrupt } = new AbortController();
  const environment = { stdin, stdout, stderr, distDir, interrupt };
  const command = parseCommandLine(['source', ...args]);
  assert.ok(command.name === 'source' || command.name === 'source index');
  const code = await (command.name === 'source'
    ? sourceCommand(command, environment)
    : sourceIndexCommand(command, environment));
  return { code, out: stdout.text, err: stderr.text };
}

test('a name and its module give one definition that is opened', async () => {
  const { code, out } = await run(['--checkout', root, '--module', 'b', 'receive.isra.0']);
  assert.equal(code, ExitCode.Ok);
  assert.match(out, /^receive\.isra\.0\n\* net\/b\.c:2 .*part of module b/);
});

test('names from standard input are answered in their order', async () => {
  const { code, out } = await run(
    ['--checkout', root, '--json', '-'],
    'receive\ta\nsmall\tb\nnowhere\t\nreceive\n',
  );
  assert.equal(code, ExitCode.Ok);
  const answers = out
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          opened: boolean;
          definitions: { file: string; line: number; traceable: boolean }[];
        },
    );
  assert.deepEqual(
    answers.map(({ opened, definitions: [first] }) => [opened, first?.file, first?.line, first?.traceable]),
    [
      [true, 'net/a.c', 1, true],
      [true, 'net/b.c', 8, false],
      [false, undefined, undefined, undefined],
      [false, 'net/a.c', 1, true],
    ],
  );
});

test('index tells what it took', async () => {
  const { code, out } = await run(['index', root, '--json']);
  assert.equal(code, ExitCode.Ok);
  const figures = JSON.parse(out) as Record<string, number>;
  assert.deepEqual([figures.files, figures.functions], [3, 3]);
  assert.ok((figures.cacheBytes ?? 0) > 0);
});

test('what is wrong is said, with the next step', async () => {
  const missing = await run(['--checkout', root, 'nowhere']);
  assert.deepEqual([missing.code, missing.out], [ExitCode.Usage, '']);
  assert.match(missing.err, /has no function nowhere.*\n.*same kernel version/);
  const noTree = await run(['--checkout', cache, 'receive']);
  assert.match(noTree.err, /is not a Linux kernel tree/);
  assert.match(
    (await run(['--checkout', root, '--config', '/no/such', 'receive'])).err,
    /Cannot read \/no\/such/,
  );
});
