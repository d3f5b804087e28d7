import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { LocalShell } from '../../../../../extension/target/local.ts';
import { UNFINISHED } from '../../../../../extension/target/deploy/unfinished.ts';
import { runScript, startScript } from '../../../../../extension/target/shell.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kpt unfinished-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HOURS_2 = 2 * 3600_000;

async function clear(): Promise<string[]> {
  await runScript(new LocalShell(), `${UNFINISHED}\nset -f\nclear '${folder}'`);
  return readdirSync(folder).sort();
}

/** An unfinished upload; `user`: what it says of who makes it. */
function unfinished(name: string, user?: string, age = 0): void {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'part'), 'x');
  if (user !== undefined) writeFileSync(join(path, '.user'), `${user}\n`);
  const time = new Date(Date.now() - age);
  utimesSync(path, time, time);
}

test('what a shell uploads stays as long as that shell, however long it takes', async () => {
  const path = join(folder, '.tmp-upload');
  const { process: shell } = await startScript(
    new LocalShell(),
    `${UNFINISHED}\nbegin '${path}' && echo; cat`,
  );
  const begun = () => readdirSync(folder).includes('.tmp-upload') && readdirSync(path).includes('.user');
  while (!begun() || readFileSync(join(path, '.user'), 'utf8') === '')
    await new Promise((resolve) => setTimeout(resolve, 5));
  const time = new Date(Date.now() - HOURS_2);
  utimesSync(path, time, time);
  assert.deepEqual(await clear(), ['.tmp-upload']);
  shell.kill();
  await shell.ended;
  assert.deepEqual(await clear(), []);
});

test('another process with the number of a shell that is gone uses nothing', async () => {
  const namespace = (await runScript(new LocalShell(), 'readlink /proc/self/ns/pid')).stdout.trim();
  unfinished('.tmp-reused', `${process.pid} 1 ${namespace}`);
  assert.deepEqual(await clear(), []);
});

test('of whom nothing can be told, what is an hour old goes', async () => {
  unfinished('.tmp-fresh');
  unfinished('.tmp-old', undefined, HOURS_2);
  unfinished('.tmp-elsewhere', '1 1 pid:[1]');
  unfinished('.tmp-elsewhere-old', '1 1 pid:[1]', HOURS_2);
  unfinished('agent-1', undefined, HOURS_2);
  assert.deepEqual(await clear(), ['.tmp-elsewhere', '.tmp-fresh', 'agent-1']);
});
