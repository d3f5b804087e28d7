import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { readBuildIds } from '../../../../remote-agent/kernel/build-ids.ts';
import { gnuBuildId } from '../../../../common/elf-notes.ts';

const made: string[] = [];
after(() => Promise.all(made.map((dir) => rm(dir, { recursive: true }))));

function note(name: string, type: number, description: string): Buffer {
  const content = Buffer.from(description, 'hex');
  const header = Buffer.alloc(12);
  header.writeUInt32LE(name.length + 1, 0);
  header.writeUInt32LE(content.length, 4);
  header.writeUInt32LE(type, 8);
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return Buffer.concat([header, pad(Buffer.from(`${name}\0`)), pad(content)]);
}

test('the build id is found among other notes', () => {
  const notes = [
    note('Xen', 6, '6c696e757800'),
    note('Linux', 3, '01'),
    note('GNU', 1, '02'),
    note('GNU', 3, 'abcdef01'),
  ];
  assert.equal(gnuBuildId(Buffer.concat(notes)), 'abcdef01');
  assert.equal(gnuBuildId(Buffer.concat(notes.slice(0, 3))), undefined);
  assert.equal(gnuBuildId(Buffer.alloc(0)), undefined);
});

test('the build ids of the kernel and of its modules are read from sysfs', async () => {
  const sysfs = await mkdtemp(join(tmpdir(), 'sysfs-'));
  made.push(sysfs);
  const files = {
    'kernel/notes': Buffer.concat([note('Linux', 0x100, '00'), note('GNU', 3, '1234')]),
    'module/vxlan/notes/.note.gnu.build-id': note('GNU', 3, '5678'),
    'module/without/notes/.note.Linux': note('Linux', 0x100, '00'),
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(sysfs, path)), { recursive: true });
    await writeFile(join(sysfs, path), content);
  }
  assert.deepEqual(readBuildIds(['vxlan', 'without', 'absent'], sysfs), {
    kernel: '1234',
    modules: { vxlan: '5678' },
  });
  assert.deepEqual(readBuildIds([], join(sysfs, 'absent')), { modules: {} });
});
