import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  readSourceFile,
  readSourceText,
  SourceReader,
} from '../../../../../extension/kernel-source/checkout/read-source-file.ts';

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kernel-source-reader-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

test('files are read whole, one after the other, whatever their sizes', async (t) => {
  const root = await folder(t);
  const texts = [
    'long'.repeat(1000),
    'short',
    '',
    'larger than the memory at first'.repeat(100_000),
    'again',
  ];
  const reader = new SourceReader(root);
  for (const [index, text] of texts.entries()) {
    const name = `${index}.c`;
    await writeFile(join(root, name), text);
    const { mtimeMs } = await stat(join(root, name));
    const read = reader.read(name);
    assert.equal(read?.bytes.toString(), text);
    assert.deepEqual(read.stamp, { modified: mtimeMs, size: text.length });
    assert.equal((await readSourceFile(root, name))?.toString(), text);
  }
});

test('what is no file of the checkout is not read', async (t) => {
  const outer = await folder(t);
  const root = join(outer, 'tree');
  await mkdir(join(root, 'net/folder.c'), { recursive: true });
  await writeFile(join(outer, 'outside.c'), 'outside');
  await writeFile(join(root, 'net/in.c'), 'inside');
  await symlink('in.c', join(root, 'net/link.c'));
  await symlink(await realpath(outer), join(root, 'out'));
  await symlink('/dev/zero', join(root, 'net/zero.c'));
  await symlink('../../outside.c', join(root, 'net/outside.c'));
  await writeFile(join(root, 'net/huge.c'), '');
  await truncate(join(root, 'net/huge.c'), 33 << 20);
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(root, 'net/pipe.c')]);
  const reader = new SourceReader(root);
  const refused = ['zero.c', 'outside.c', 'huge.c', 'pipe.c', 'folder.c', 'none.c', '../../outside.c'];
  for (const name of [...refused, '../out/outside.c', '../net/../../outside.c']) {
    assert.equal(reader.read(`net/${name}`), undefined, name);
    assert.equal(await readSourceFile(root, `net/${name}`), undefined, name);
    assert.equal(await readSourceText(root, `net/${name}`), '', name);
  }
  for (const name of ['in.c', 'link.c', '../net/in.c'])
    assert.equal((await readSourceFile(root, `net/${name}`))?.toString(), 'inside', name);
});

test('as text, lines are as on Linux', async (t) => {
  const root = await folder(t);
  await writeFile(join(root, 'Makefile'), '\ufeffobj-y += a.o \\\r\n  b.o\r\n');
  assert.equal(await readSourceText(root, 'Makefile'), 'obj-y += a.o \\\n  b.o\n');
  assert.equal(new SourceReader(root).text('Makefile'), 'obj-y += a.o \\\n  b.o\n');
});
