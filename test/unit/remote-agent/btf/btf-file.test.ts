import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readBtfFile } from '../../../../remote-agent/btf/btf-file.ts';
import { BtfBuilder } from '../../../support/agent/btf-builder.ts';

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), 'btf-file-'))));
after(() => {
  rmSync(folder, { recursive: true });
});

function types(structure: string): Buffer {
  const builder = new BtfBuilder();
  builder.struct(structure, 8);
  return Buffer.from(builder.bytes());
}

/** An ELF file of a kernel, with a section of these bytes and one of names. */
function elf(section: string, bytes: Buffer): Buffer {
  const names = Buffer.from(`\0${section}\0.shstrtab\0`);
  const data = Buffer.alloc(64 + bytes.length + names.length + 3 * 64);
  const table = 64 + bytes.length + names.length;
  data.write('\x7fELF\x02\x01\x01', 'latin1');
  data.writeBigUInt64LE(BigInt(table), 40);
  data.writeUInt16LE(64, 58);
  data.writeUInt16LE(3, 60);
  data.writeUInt16LE(2, 62);
  bytes.copy(data, 64);
  names.copy(data, 64 + bytes.length);
  const describe = (index: number, name: number, start: number, length: number) => {
    data.writeUInt32LE(name, table + index * 64);
    data.writeBigUInt64LE(BigInt(start), table + index * 64 + 24);
    data.writeBigUInt64LE(BigInt(length), table + index * 64 + 32);
  };
  describe(1, 1, 64, bytes.length);
  describe(2, 2 + section.length, 64 + bytes.length, names.length);
  return data;
}

function read(contents: Buffer): Buffer {
  const path = join(folder, 'types');
  writeFileSync(path, contents);
  return readBtfFile(path);
}

test('BTF is taken as it is, and out of an ELF file', () => {
  const kernel = types('sk_buff');
  assert.deepEqual(read(kernel), kernel);
  assert.deepEqual(read(elf('.BTF', kernel)), kernel);
});

test('what cannot be used is refused by the name of the file, with what it should be', () => {
  const kernel = types('sk_buff');
  const whole = elf('.BTF', kernel);
  const cases: [Buffer, RegExp][] = [
    [Buffer.from('text'), /types cannot be used: it is no BTF, or a broken one/],
    [Buffer.alloc(0), /it is no BTF/],
    [kernel.subarray(0, -4), /it is no BTF, or a broken one: BTF is cut short/],
    [elf('.text', kernel), /an ELF file without a section \.BTF/],
    [whole.subarray(0, whole.length - 100), /an ELF file without a section \.BTF/],
    [types('other'), /not that of a kernel: there is no struct sk_buff/],
  ];
  for (const [contents, message] of cases)
    assert.throws(() => read(contents), {
      code: 'no-btf',
      message,
      remedy: /--kernel-btf.*a path on the target/,
    });
  assert.throws(() => readBtfFile(join(folder, 'none')), {
    code: 'no-btf',
    message: /none cannot be used: it cannot be read: ENOENT/,
  });
});
