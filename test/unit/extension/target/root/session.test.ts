/** Scripts one after another in one shell. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, afterEach, beforeEach, test } from 'node:test';
import { cancelled, PacketTraceError } from '../../../../../extension/base/errors.ts';
import type { RootSession } from '../../../../../extension/target/root/session.ts';
import { rootSession } from '../../../../support/root-session.ts';

const dir = mkdtempSync(join(tmpdir(), "kpt-session's-"));
after(() => rmSync(dir, { recursive: true, force: true }));

let session: RootSession;
beforeEach(async () => (session = await rootSession()));
afterEach(() => session.dispose());

const quoted = (name: string) => `"${join(dir, name)}"`;

test('scripts have their output and exit code, nothing to read, and no effect on the next', async () => {
  assert.deepEqual(await session.run('printf "no end"; exit 7'), { code: 7, output: 'no end' });
  assert.deepEqual(await session.run('cd /tmp; x=1; cat; exec 1>&-'), { code: 0, output: '' });
  assert.deepEqual(await session.run('pwd; echo "$x"; umask'), { code: 0, output: '/\n\n0077\n' });
});

test('files pass unchanged, whatever their size', async () => {
  for (const bytes of [0, 1, 256 * 1024, 3_000_001]) {
    const content = randomBytes(bytes);
    const input = Readable.from(bytes === 0 ? [] : [content.subarray(0, 70_000), content.subarray(70_000)]);
    assert.equal((await session.feed(`receive > ${quoted('file')}`, input)).code, 0);
    assert.ok(readFileSync(join(dir, 'file')).equals(content), `${bytes} bytes`);
  }
});

test('a reader that ends early ends the upload, and the session goes on', async () => {
  let given = 0;
  const input = Readable.from(
    (function* () {
      for (; given < 1000; given++) yield randomBytes(300_000);
    })(),
  );
  const result = await session.feed('receive | head -c 10 > /dev/null; echo full >&2; exit 28', input);
  assert.equal(result.code, 28);
  assert.match(result.output, /full/);
  assert.ok(given < 100, `${given} pieces were read`);
  assert.equal((await session.run('echo still here')).output, 'still here\n');
});

test('an input that fails is told, and ends the session, which would wait for it', async () => {
  const input = new Readable({ read: () => input.destroy(new Error('bad disk')) });
  await assert.rejects(session.feed(`receive > ${quoted('never')}`, input), /bad disk/);
  assert.equal(session.alive, false);
});

test('a check that fails starts nothing', async () => {
  const failed = await session.become('echo changed; exit 91', ['touch', join(dir, 'started')]);
  assert.deepEqual(failed, { code: 91, output: 'changed\n' });
  assert.deepEqual(await session.run(`ls ${quoted('started')} 2>/dev/null`), { code: 2, output: '' });
  const started = await session.become('true', ['sh', '-c', 'pwd; echo ready; echo careful >&2; cat']);
  assert.ok('process' in started);
  started.process.stdin.end('and more');
  let output = '';
  started.process.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await started.process.ended;
  assert.equal(output, '/\nready\nand more');
  assert.equal(started.stderr(), 'careful\n');
});

test('cancelled, too slow, or gone: told, and the session is over', async () => {
  const abort = new AbortController();
  const waiting = session.run('sleep 5', { signal: abort.signal });
  abort.abort();
  await assert.rejects(waiting, cancelled());
  assert.equal(session.alive, false);
  const slow = await rootSession();
  await assert.rejects(slow.run('sleep 5', { timeoutMs: 50 }), /did not end in time/);
  const gone = await rootSession();
  await assert.rejects(gone.run('kill $$'), (error) => error instanceof PacketTraceError);
  assert.equal(gone.alive, false);
  await assert.rejects(gone.run('true'), (error) => error instanceof PacketTraceError);
});
