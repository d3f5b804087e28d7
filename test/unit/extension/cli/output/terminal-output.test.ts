import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { repoRoot } from '../../../../../build/paths.ts';

const MODULE = join(repoRoot, 'extension/cli/output/terminal-output.ts');
const WAIT_MS = 60_000;
/** More than a terminal has room for. */
const BYTES = 1 << 20;

/** Runs a script on a terminal of script(1). The script gets `out`, and `tell(text)`, which writes to a file. */
function onTerminal(dir: string, body: string) {
  const [script, told] = [join(dir, 'script.mts'), join(dir, 'told')];
  writeFileSync(told, '');
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs';
     const { withoutWaiting } = await import(${JSON.stringify(MODULE)});
     const out = withoutWaiting(process.stdout);
     const tell = (text: string) => appendFileSync(${JSON.stringify(told)}, text);
     ${body}`,
  );
  const command = `exec ${process.execPath} --import tsx ${script}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: repoRoot,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { child, told: () => readFileSync(told, 'utf8') };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + WAIT_MS; !condition(); await sleep(20))
    assert.ok(Date.now() < deadline, `${what} did not come`);
}

test('a terminal that takes nothing holds nothing up', { timeout: 2 * WAIT_MS }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'terminal-'));
  const { child, told } = onTerminal(
    dir,
    `tell(process.pid + '\\n'); await new Promise((go) => setTimeout(go, 500));
     out.write('x'.repeat(${BYTES})); setInterval(() => tell('tick\\n'), 20);`,
  );
  let pid = 0;
  t.after(() => {
    if (pid > 0) process.kill(pid, 'SIGKILL');
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true });
  });
  await until(() => told().includes('\n'), 'the process');
  pid = Number(told().split('\n')[0]);
  child.kill('SIGSTOP'); // script(1) reads no more of the terminal
  await until(() => told().split('tick').length > 10, 'what else there is to do');
});

test('what is written arrives whole and in order', { timeout: WAIT_MS }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'terminal-'));
  t.after(() => {
    rmSync(dir, { recursive: true });
  });
  const { child } = onTerminal(
    dir,
    `for (let n = 0; n < 50; n++) out.write(String(n % 10).repeat(20_000) + '\\n'); out.end();`,
  );
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString('latin1')));
  await new Promise((resolve) => child.on('close', resolve));
  const lines = screen.trimEnd().split('\r\n');
  assert.deepEqual(
    lines.map((line) => [line[0], line.length]),
    Array.from({ length: 50 }, (_, n) => [String(n % 10), 20_000]),
  );
});
