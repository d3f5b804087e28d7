import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readBytes, readKernelFile, readText } from '../../../../remote-agent/kernel/read-file.ts';

async function file(t: TestContext, bytes: Buffer): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'read-file-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'file'), bytes);
  return join(dir, 'file');
}

test('a large file is read whole', async (t) => {
  const bytes = Buffer.alloc(9 * 1024 * 1024 + 1, 'ffffffff81000000 t ip_rcv\n');
  assert.ok((await readKernelFile(await file(t, bytes))).equals(bytes));
  await assert.rejects(readKernelFile('/nonexistent'), { code: 'ENOENT' });
});

test('a small file is bytes or text, or not there', async (t) => {
  const path = await file(t, Buffer.from([0x61, 0xff]));
  assert.deepEqual(readBytes(path), Buffer.from([0x61, 0xff]));
  assert.equal(readText(path), 'a\u00ff');
  assert.equal(readBytes('/nonexistent'), undefined);
  assert.equal(readText('/nonexistent'), undefined);
});
