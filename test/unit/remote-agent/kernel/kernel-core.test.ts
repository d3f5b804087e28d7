import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openKernelCore } from '../../../../remote-agent/kernel/kernel-core.ts';

const TEXT = 0xffffffff81000000n;

/** An ELF note (elf(5)). */
function note(name: string, type: number, text: string): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(name.length + 1, 0);
  header.writeUInt32LE(text.length, 4);
  header.writeUInt32LE(type, 8);
  const padded = (content: string) => {
    const bytes = Buffer.alloc(Math.ceil(content.length / 4) * 4);
    bytes.write(content, 'latin1');
    return bytes;
  };
  return Buffer.concat([header, padded(`${name}\0`), padded(text)]);
}

/** An ELF core file with notes and one segment of `bytes` at TEXT. */
function coreFile(t: TestContext, bytes: Buffer, notes: Buffer = Buffer.alloc(0)): string {
  const dir = mkdtempSync(join(tmpdir(), 'kcore-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const header = Buffer.alloc(64 + 2 * 56);
  header.writeUInt32BE(0x7f454c46, 0);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(2, 56);
  header.writeUInt32LE(4, 64); // PT_NOTE
  header.writeBigUInt64LE(BigInt(header.length + bytes.length), 64 + 8);
  header.writeBigUInt64LE(BigInt(notes.length), 64 + 32);
  const segment = 64 + 56;
  header.writeUInt32LE(1, segment); // PT_LOAD
  header.writeBigUInt64LE(BigInt(header.length), segment + 8);
  header.writeBigUInt64LE(TEXT, segment + 16);
  header.writeBigUInt64LE(BigInt(bytes.length), segment + 32);
  const path = join(dir, 'kcore');
  writeFileSync(path, Buffer.concat([header, bytes, notes]));
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

test('tells the kernel’s own description of its memory', (t) => {
  const text = 'PAGESIZE=4096\nNUMBER(VA_BITS)=52\n';
  const notes = Buffer.concat([note('CORE', 1, 'registers'), note('VMCOREINFO', 0, text)]);
  const core = openKernelCore(coreFile(t, Buffer.from('0123456789'), notes));
  t.after(() => core?.close());
  assert.equal(core?.description(), text);
  assert.equal(Buffer.from(core?.read(TEXT, 2) ?? []).toString(), '01');
  const without = openKernelCore(coreFile(t, Buffer.from('0123456789'), note('CORE', 1, 'registers')));
  t.after(() => without?.close());
  assert.equal(without?.description(), undefined);
});

test('a file that is no core file has no memory', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kcore-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'kcore'), 'short');
  const core = openKernelCore(join(dir, 'kcore'));
  assert.equal(core?.read(TEXT, 1), undefined);
  core?.close();
});
