import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostKeyFile } from '../../../../extension/target/ssh/host-key-file.ts';
import { LineEditor } from '../../../../extension/cli/tty.ts';
import { repoRoot } from '../../../../build/paths.ts';

function typed(keys: string): { answer: string | undefined; shown: string } {
  let shown = '';
  const editor = new LineEditor((text) => (shown += text));
  const answer = editor.type(keys);
  assert.ok(answer !== undefined, 'the line is complete');
  return { answer: answer.text, shown };
}

test('a line is edited as terminals do', () => {
  assert.equal(typed('yes\r').answer, 'yes');
  assert.equal(typed('yess\x7f\n').answer, 'yes');
  assert.equal(typed('wrong\x15right\r').answer, 'right');
  assert.equal(typed('\x7f\x7fa\r').answer, 'a');
  assert.equal(typed('päß\x7f\r').answer, 'pä');
});

test('Ctrl-C and Ctrl-D decline', () => {
  assert.equal(typed('secret\x03').answer, undefined);
  assert.equal(typed('\x04').answer, undefined);
});

test('a line that comes in pieces is one answer', () => {
  const editor = new LineEditor(() => undefined);
  assert.equal(editor.type('se'), undefined);
  assert.deepEqual(editor.type('cret\r'), { text: 'secret' });
});

test('a secret is asked for on the terminal and not shown', () => {
  // script(1) gives the program a terminal of its own and records what is on it.
  const program = `import('./extension/cli/tty.ts').then(async ({ askOnTty }) => {
    const answer = await askOnTty('Password: ', { echo: false });
    console.log('length ' + answer.length);
  })`;
  const command = `node --import tsx -e "${program.replaceAll('\n', ' ')}"`;
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd: repoRoot,
    input: 'opensesame\r',
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.match(stdout, /Password: /);
  assert.match(stdout, /length 10/);
});

test('accepted host keys are kept in a file of our own', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'kpt-'));
  try {
    const path = join(dir, 'kernel-packet-trace', 'known_hosts');
    const store = hostKeyFile(path);
    assert.equal(await store.read(), '');
    await store.append('host ssh-ed25519 AAAA');
    await store.append('other ssh-ed25519 BBBB\n');
    assert.equal(await store.read(), 'host ssh-ed25519 AAAA\nother ssh-ed25519 BBBB\n');
    assert.equal(readFileSync(path, 'utf8'), await store.read());
    assert.equal(statSync(path).mode & 0o077, 0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
