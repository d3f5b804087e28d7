import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostKeyFile } from '../../../../extension/target/ssh/host-key-file.ts';
import { repoRoot } from '../../../../build/paths.ts';

test('a secret is asked for on the terminal and not shown', () => {
  // script(1) gives the program a terminal of its own and records what is on it.
  const program = `import('./extension/cli/tty.ts').then(async ({ askOnTty }) => {
    const answer = await askOnTty('Password: ', { echo: false });
    console.log('length ' + answer.text.length);
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

test('Ctrl-C at a question is Ctrl-C, not an answer', async () => {
  const program = `import('./extension/cli/terminal-prompts.ts').then(async ({ terminalPrompts }) => {
    const status = { clear() {}, say() {} };
    const prompts = terminalPrompts(undefined, status, () => console.log('interrupted'));
    await prompts.secret({ kind: 'password', prompt: 'Password' }).catch(({ code }) => console.log('code ' + code));
  })`;
  const command = `node --import tsx -e "${program.replaceAll('\n', ' ')}"`;
  const script = spawn('script', ['-qec', command, '/dev/null'], { cwd: repoRoot, timeout: 60_000 });
  const stdout = await new Promise<string>((resolve) => {
    let text = '';
    script.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (!text.includes('Password: ') && `${text}${chunk}`.includes('Password: '))
        script.stdin.write('half a pass\x03');
      text += chunk;
    });
    script.on('close', () => resolve(text));
  });
  assert.match(stdout, /interrupted\r?\ncode cancelled/);
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

test('without a terminal a question of the login was not reached, one of sudo cannot be traced', () => {
  const program = `import('./extension/cli/terminal-prompts.ts').then(async ({ terminalPrompts }) => {
    const { exitCodeOf } = await import('./extension/cli/exit-codes.ts');
    const prompts = terminalPrompts(undefined, { clear() {}, say() {} }, () => undefined);
    for (const kind of ['password', 'passphrase', 'challenge', 'sudo', 'sudo-challenge'])
      await prompts.secret({ kind, prompt: 'Code' }).catch(({ code, remedy }) =>
        console.log(kind, exitCodeOf(code, false), remedy.includes('sudo')));
  })`;
  // A session of its own has no terminal.
  const { stdout, stderr } = spawnSync(
    'setsid',
    ['--wait', process.execPath, '--import', 'tsx', '-e', program],
    {
      cwd: repoRoot,
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  assert.deepEqual(
    stdout.trim().split('\n'),
    ['password 3 false', 'passphrase 3 false', 'challenge 3 false', 'sudo 4 true', 'sudo-challenge 4 true'],
    stderr,
  );
});
