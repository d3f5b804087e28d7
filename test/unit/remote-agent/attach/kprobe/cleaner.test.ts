import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCleaner } from '../../../../../remote-agent/attach/kprobe/cleaner.ts';
import { newGroup, ownNamespace } from '../../../../../remote-agent/attach/kprobe/group.ts';

/**
 * A folder like tracefs. Removals appear at the end of its kprobe_events, as it is a plain file; `apply` does
 * with them what the kernel does.
 */
function fakeTracefs(t: TestContext, definitions: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'tracefs-'));
  // A cleaner that still runs finds no file then, and ends.
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'kprobe_events');
  const write = (lines: string[]) => writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  write(definitions);
  const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return {
    dir,
    removals: () => [...new Set(lines().filter((line) => line.startsWith('-')))],
    apply: () => {
      const removed = lines().flatMap((line) => (line.startsWith('-') ? [`p${line.slice(1)}`] : []));
      write(lines().filter((line) => line.startsWith('p') && !removed.includes(line)));
      return lines();
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) await sleep(20);
  assert.ok(condition(), 'waited in vain');
}

const OURS = ['p:kpt_1_2_1/a1 0x00000000abcdef01 i=\\1:u32', 'p:kpt_1_2_1/a2 0x00000000abcdef02 i=\\2:u32'];
const OTHERS = ['p:kprobes/mine do_exit', 'p:kpt_1_2_10/a1 0x00000000abcdef03 i=\\1:u32'];

test('removes the definitions of its groups, backslashes and all, and nobody else’s', async (t) => {
  const tracefs = fakeTracefs(t, [...OURS, ...OTHERS]);
  const cleaner = await startCleaner(tracefs.dir, ['kpt_9_9_9', 'kpt_1_2_1']);
  assert.deepEqual(tracefs.removals(), [], 'not before it is released');
  cleaner.release();
  await until(() => tracefs.removals().length === OURS.length);
  assert.deepEqual(
    tracefs.removals(),
    OURS.map((line) => `-${line.slice(1)}`),
  );
  await until(() => tracefs.apply().length === OTHERS.length);
  assert.deepEqual(tracefs.apply(), OTHERS);
});

test('waits while a living process makes its definitions', async (t) => {
  const tracefs = fakeTracefs(t, OURS);
  const marker = join(tracefs.dir, 'events', newGroup(), 'arming');
  mkdirSync(marker, { recursive: true });
  const cleaner = await startCleaner(tracefs.dir, ['kpt_1_2_1']);
  cleaner.release();
  await sleep(600);
  assert.deepEqual(tracefs.removals(), []);
  rmSync(marker, { recursive: true });
  await until(() => tracefs.removals().length === OURS.length);
});

const NAMESPACE = ownNamespace();
const MAKERS = {
  'that died while making definitions': `kpt_${NAMESPACE}_999999999_5_1`,
  'whose number another process has now': `kpt_${NAMESPACE}_${process.pid}_5_1`,
  'of another PID namespace, where its number means another process': newGroup().replace(
    `_${NAMESPACE}_`,
    `_${NAMESPACE + 1}_`,
  ),
};
for (const [which, group] of Object.entries(MAKERS))
  test(`does not wait for a process ${which}`, async (t) => {
    const tracefs = fakeTracefs(t, OURS);
    mkdirSync(join(tracefs.dir, 'events', group, 'arming'), { recursive: true });
    const cleaner = await startCleaner(tracefs.dir, ['kpt_1_2_1']);
    cleaner.release();
    await until(() => tracefs.removals().length === OURS.length);
  });
