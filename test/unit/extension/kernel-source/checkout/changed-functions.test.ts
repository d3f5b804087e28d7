import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { asPacketTraceError } from '../../../../../extension/base/errors.ts';
import {
  changedFunctions,
  functionsIn,
  functionsPattern,
} from '../../../../../extension/kernel-source/checkout/changed-functions.ts';
import { parsePattern } from '../../../../../remote-agent/plan/pattern.ts';
import { changedLines } from '../../../../../extension/kernel-source/checkout/changed-lines.ts';

const FILE = `#include <linux/skbuff.h>

static int first(struct sk_buff *skb)
{
	return 1;
}

int second(struct sk_buff *skb)
{
	int a = 0;

	return a;
}

int third(void)
{
	return 3;
}
`;

const names = (functions: readonly { name: string }[]) => functions.map(({ name }) => name);

test('a diff: lines of the new file, counted from 0; where lines went, those around the gap', () => {
  const diff = [
    'diff --git a/net/a.c b/net/a.c',
    '--- a/net/a.c',
    '+++ b/net/a.c',
    '@@ -5 +5 @@ static int first(struct sk_buff *skb)',
    '-old',
    '+++ b/net/not-a-file.c',
    '@@ -9,2 +8,0 @@',
    '--- a/gone',
    '-gone',
    '@@ -20,0 +20,3 @@',
    '+one',
    '+two',
    '+three',
    'diff --git a/net/gone.c b/net/gone.c',
    '--- a/net/gone.c',
    '+++ /dev/null',
    '@@ -1,2 +0,0 @@',
    '-x',
    '-y',
  ].join('\n');
  assert.deepEqual(
    [...changedLines(diff)],
    [
      [
        'net/a.c',
        [
          { first: 4, last: 4 },
          { first: 7, last: 8 },
          { first: 19, last: 21 },
        ],
      ],
    ],
  );
});

test('functions whose lines changed: from the line of the name to the closing brace', () => {
  const at = (first: number, last = first) => names(functionsIn(FILE, 'net/a.c', [{ first, last }]));
  assert.deepEqual(at(0, 1), []);
  assert.deepEqual(at(2), ['first']);
  assert.deepEqual(at(5), ['first']);
  assert.deepEqual(at(6), []);
  assert.deepEqual(at(4, 9), ['first', 'second']);
});

test('the pattern for a trace has the functions and their copies, and no other', () => {
  const pattern = parsePattern(functionsPattern(['ip_rcv', 'tcp_v4_rcv', 'ip_rcv']));
  for (const name of ['ip_rcv', 'ip_rcv.isra.0', 'tcp_v4_rcv', 'tcp_v4_rcv.part.0.cold'])
    assert.match(name, pattern);
  for (const name of ['ip_rcv_core', 'xip_rcv', 'ip', 'ip_rcv.']) assert.doesNotMatch(name, pattern);
});

let repository: string;

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  execFileSync('git', [...identity, ...args], { cwd: repository, env, stdio: 'pipe' });
}

function write(text: string): void {
  writeFileSync(join(repository, 'a.c'), text);
}

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'changed-functions-'));
  git('init', '-q', '-b', 'master');
  write(FILE);
  git('add', '-A');
  git('commit', '-qm', 'base');
});

afterEach(() => rmSync(repository, { recursive: true }));

test('a branch: commits since it left the default branch and what is not committed yet', async () => {
  git('checkout', '-qb', 'fix');
  write(FILE.replace('return 1;', 'return 10;'));
  git('commit', '-qam', 'first');
  git('checkout', '-q', 'master');
  write(FILE.replace('return 3;', 'return 30;'));
  git('commit', '-qam', 'the default branch goes on');
  git('checkout', '-q', 'fix');
  write(FILE.replace('return 1;', 'return 10;').replace('int a = 0;', 'int a = 2;'));
  const { branch, base, functions } = await changedFunctions(repository);
  assert.deepEqual([branch, base, names(functions)], ['fix', 'master', ['first', 'second']]);
  assert.deepEqual(new Set(functions.map(({ path }) => path)), new Set(['a.c']));
});

test('on the default branch without an upstream: what is not committed', async () => {
  const before = await changedFunctions(repository);
  assert.deepEqual([before.base, before.functions], ['HEAD', []]);
  write(FILE.replace('return 3;', 'return 30;'));
  assert.deepEqual(names((await changedFunctions(repository)).functions), ['third']);
});

test('an upstream of another name goes before the default branch', async () => {
  git('checkout', '-qb', 'next');
  write(FILE.replace('return 1;', 'return 10;'));
  git('commit', '-qam', 'next goes on');
  git('checkout', '-qb', 'fix');
  git('branch', '-q', '--set-upstream-to=next');
  write(FILE.replace('return 1;', 'return 10;').replace('return 3;', 'return 30;'));
  const { base, functions } = await changedFunctions(repository);
  assert.deepEqual([base, names(functions)], ['next', ['third']]);
});

test('a folder that is no repository: the error names git and the folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-repository-'));
  try {
    await assert.rejects(changedFunctions(folder), (thrown) => {
      const { code, message } = asPacketTraceError(thrown);
      assert.equal(code, 'usage');
      assert.ok(message.includes(folder) && message.includes('not a git repository'), message);
      return true;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('programs that the repository configures are not run', async () => {
  const trap = join(repository, 'trap.sh');
  writeFileSync(trap, `#!/bin/sh\ntouch ${join(repository, 'ran')}\n`, { mode: 0o755 });
  git('config', 'core.fsmonitor', trap);
  git('config', 'diff.external', trap);
  git('config', 'diff.c.textconv', trap);
  writeFileSync(join(repository, '.gitattributes'), '*.c diff=c\n');
  write(FILE.replace('return 3;', 'return 30;'));
  rmSync(join(repository, 'ran'), { force: true });
  assert.deepEqual(names((await changedFunctions(repository)).functions), ['third']);
  assert.throws(() => execFileSync('ls', [join(repository, 'ran')], { stdio: 'pipe' }));
});

test('filters and transports that the repository configures are not run', async () => {
  const trap = join(repository, 'trap.sh');
  const ran = join(repository, 'ran');
  writeFileSync(trap, `#!/bin/sh\ntouch ${ran}\ncat\n`, { mode: 0o755 });
  writeFileSync(join(repository, '.gitattributes'), '*.c filter=evil\n');
  for (const key of ['clean', 'process']) git('config', `filter.evil.${key}`, trap);
  git('config', 'filter.evil.required', 'true');
  // A partial clone fetches what it does not have.
  git('config', 'remote.origin.promisor', 'true');
  git('config', 'remote.origin.url', 'ssh://example.org/a');
  git('config', 'core.sshCommand', trap);
  git('config', 'protocol.ssh.allow', 'always');
  git('config', 'extensions.partialClone', 'origin');
  write(FILE.replace('return 3;', 'return 30;'));
  assert.deepEqual(names((await changedFunctions(repository)).functions), ['third']);
  const blob = execFileSync('git', ['rev-parse', 'HEAD:a.c'], { cwd: repository, encoding: 'utf8' }).trim();
  rmSync(join(repository, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  await assert.rejects(changedFunctions(repository));
  assert.equal(existsSync(ran), false);
});

test('new files, and files whose changes the configuration draws together, are not lost', async () => {
  const lines = Array.from({ length: 9 }, (_, index) => `int f${index}(void)\n{\n\treturn ${index};\n}\n`);
  writeFileSync(join(repository, 'y.c'), lines.join(''));
  writeFileSync(join(repository, 'z.c'), FILE);
  git('add', '-A');
  git('commit', '-qm', 'more');
  git('config', 'diff.interHunkContext', '50');
  writeFileSync(
    join(repository, 'y.c'),
    lines.join('').replace('return 0', 'return 10').replace('return 8', 'return 18'),
  );
  writeFileSync(join(repository, 'z.c'), FILE.replace('return 3;', 'return 30;'));
  writeFileSync(join(repository, 'new.c'), 'int brand_new(void)\n{\n\treturn 0;\n}\n');
  const { functions } = await changedFunctions(repository);
  assert.deepEqual(names(functions).sort(), ['brand_new', 'f0', 'f8', 'third']);
});

test('where git started the editor, its variables do not lead to another repository', async (t) => {
  write(FILE.replace('return 3;', 'return 30;'));
  const saved = process.env.GIT_DIR;
  t.after(() => {
    if (saved === undefined) delete process.env.GIT_DIR;
    else process.env.GIT_DIR = saved;
  });
  process.env.GIT_DIR = join(repository, 'elsewhere');
  assert.deepEqual(names((await changedFunctions(repository)).functions), ['third']);
});
