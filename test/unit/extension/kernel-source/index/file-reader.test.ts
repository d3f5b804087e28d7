import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileReader } from '../../../../../extension/kernel-source/index/file-reader.ts';

test('files are read whole, one after the other, whatever their sizes', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kernel-source-reader-'));
  t.after(() => rm(folder, { recursive: true }));
  const texts = [
    'long'.repeat(1000),
    'short',
    '',
    'larger than the memory at first'.repeat(100_000),
    'again',
  ];
  const reader = new FileReader();
  for (const [index, text] of texts.entries()) {
    const file = join(folder, `${index}.c`);
    await writeFile(file, text);
    const { mtimeMs } = await stat(file);
    const read = reader.read(file);
    assert.equal(read?.bytes.toString(), text);
    assert.deepEqual(read.stamp, { modified: mtimeMs, size: text.length });
  }
  await mkdir(join(folder, 'folder.c'));
  assert.equal(reader.read(join(folder, 'folder.c')), undefined);
  assert.equal(reader.read(join(folder, 'none.c')), undefined);
});
