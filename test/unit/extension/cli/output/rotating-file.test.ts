import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { RotatingFile } from '../../../../../extension/cli/output/rotating-file.ts';

const HALF = 'x'.repeat(600 * 1024);
const KEEP_ALL = { maxSize: 1, maxBackups: 0, maxAge: 0, compress: false };

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'rotating-'))));
afterEach(() => rmSync(dir, { recursive: true }));

/** A clock of which each look is a second later. */
function clock(): () => Date {
  let seconds = 0;
  return () => new Date(2026, 4, 6, 7, 8, seconds++);
}

async function write(chunks: readonly string[], rotation = KEEP_ALL): Promise<string[]> {
  const file = await RotatingFile.open(join(dir, 'trace.log'), rotation, clock());
  for (const chunk of chunks)
    if (!file.write(chunk)) await new Promise((resolve) => file.once('drain', resolve));
  await file.close();
  return readdirSync(dir).sort();
}

test('a full file is put aside under a name with the time, and each chunk is in one file', async () => {
  const names = await write([`1${HALF}`, `2${HALF}`, `3${HALF}`]);
  assert.equal(names.length, 3);
  for (const name of names.slice(0, 2)) assert.match(name, /^trace-2026-05-06T07-08-\d\d\.000\.log$/);
  assert.equal(names[2], 'trace.log');
  const begins = names.map((name) => readFileSync(join(dir, name), 'utf8').slice(0, 2));
  assert.deepEqual(begins, ['1x', '2x', '3x']);
});

test('what is there is kept, and only root and the user can read what is made', async () => {
  writeFileSync(join(dir, 'trace.log'), 'before\n');
  assert.deepEqual(await write(['after\n']), ['trace.log']);
  assert.equal(readFileSync(join(dir, 'trace.log'), 'utf8'), 'before\nafter\n');
  rmSync(join(dir, 'trace.log'));
  await write(['x']);
  assert.equal(statSync(join(dir, 'trace.log')).mode & 0o077, 0);
});

test('of files that were put aside the newest are kept, and what is not ours stays', async () => {
  writeFileSync(join(dir, 'trace-notes.log'), '');
  const names = await write(
    ['1', '2', '3', '4'].map((nth) => nth + HALF),
    { ...KEEP_ALL, maxBackups: 1 },
  );
  assert.equal(names.length, 3);
  assert.ok(names.includes('trace-notes.log'));
  const aside = names.find((name) => name.startsWith('trace-2026')) ?? '';
  assert.equal(readFileSync(join(dir, aside), 'utf8').slice(0, 1), '3');
});

test('files that are too old are removed', async () => {
  writeFileSync(join(dir, 'trace-2026-05-03T00-00-00.000.log'), '');
  writeFileSync(join(dir, 'trace-2026-05-05T00-00-00.000.log.gz'), '');
  const names = await write(['x'], { ...KEEP_ALL, maxAge: 2 });
  assert.deepEqual(names, ['trace-2026-05-05T00-00-00.000.log.gz', 'trace.log']);
});

test('files that were put aside are compressed', async () => {
  const [packed = '', ...others] = await write([`1${HALF}`, `2${HALF}`], { ...KEEP_ALL, compress: true });
  assert.match(packed, /^trace-.*\.log\.gz$/);
  assert.deepEqual(others, ['trace.log']);
  assert.equal(gunzipSync(readFileSync(join(dir, packed))).toString(), `1${HALF}`);
});

test('a file that cannot be written is refused before anything else is done', async () => {
  const opening = RotatingFile.open(dir, KEEP_ALL);
  await assert.rejects(opening, { name: 'PacketTraceError', code: 'usage', message: /rotating-/ });
});
