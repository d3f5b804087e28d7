import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openKernelCore } from '../../../../remote-agent/kernel/kernel-core.ts';

const TEXT = 0xffffffff81000000n;

/** An ELF core file with a note and one segment of `bytes` at TEXT. */
function coreFile(t: TestContext, bytes: Buffer): string {
  const dir = mkdtempSync(join(tmpdir(), 'kcore-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const header = Buffer.alloc(64 + 2 * 56);
  header.writeUInt32BE(0x7f454c46, 0);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(2, 56);
  header.writeUInt32LE(4, 64); // PT_NOTE
  const segment = 64 + 56;
  header.writeUInt32LE(1, segment); // PT_LOAD
  header.writeBigUInt64LE(BigInt(header.length), segment + 8);
  header.writeBigUInt64LE(TEXT, segment + 16);
  header.writeBigUInt64LE(BigInt(bytes.length), segment + 32);
  const path = join(dir, 'kcore');
  writeFileSync(path, Buffer.concat([header, bytes]));
  return path;
}

test('reads memory by its address', (t) => {
  const core = openKernelCore(coreFile(t, Buffer.from('0123456789')));
  assert.ok(core);
  t.after(() => core.close());
  assert.equal(Buffer.from(core.read(TEXT + 3n, 4) ?? []).toString(), '3456');
});

test('what is not there reads as undefined', (t) => {
  const core = openKernelCore(coreFile(t, Buffer.from('0123456789')));
  assert.ok(core);
  t.after(() => core.close());
  assert.equal(core.read(TEXT + 8n, 4), undefined);
  assert.equal(core.read(0n, 4), undefined);
  assert.equal(openKernelCore('/nonexistent/kcore'), undefined);
});

test('a file that is no core file has no memory', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kcore-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'kcore'), 'short');
  const core = openKernelCore(join(dir, 'kcore'));
  assert.equal(core?.read(TEXT, 1), undefined);
  core?.close();
});
