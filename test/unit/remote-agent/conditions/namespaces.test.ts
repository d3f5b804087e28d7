import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findNamespace, type NamespaceFiles } from '../../../../remote-agent/conditions/namespaces.ts';

/** Plain files stand for namespaces: each has an inode number of its own, which links share. */
let folder: string;
let files: NamespaceFiles;
const inodeOf = (path: string) => statSync(join(folder, path)).ino;

function addProcess(pid: number, comm: string, sharedWith?: string): void {
  mkdirSync(join(folder, 'proc', String(pid), 'ns'), { recursive: true });
  writeFileSync(join(folder, 'proc', String(pid), 'comm'), `${comm}\n`);
  const path = join(folder, 'proc', String(pid), 'ns/net');
  if (sharedWith === undefined) writeFileSync(path, '');
  else linkSync(join(folder, sharedWith), path);
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'packet-trace-netns-'));
  mkdirSync(join(folder, 'netns'), { recursive: true });
  writeFileSync(join(folder, 'netns/blue'), '');
  writeFileSync(join(folder, 'netns/unmounted'), '');
  writeFileSync(join(folder, 'plain'), '');
  addProcess(1, 'systemd');
  addProcess(70, 'nginx', 'netns/blue');
  addProcess(80, 'redis');
  files = {
    proc: join(folder, 'proc'),
    named: join(folder, 'netns'),
    isNamespace: (path) => !path.endsWith('plain') && !path.endsWith('unmounted'),
  };
});
after(() => {
  rmSync(folder, { recursive: true });
});

test('by a path, by a name, by its number', () => {
  const path = join(folder, 'proc/80/ns/net');
  const redis = { inode: inodeOf('proc/80/ns/net'), path };
  assert.deepEqual(findNamespace(path, files), redis);
  const blue = { inode: inodeOf('netns/blue'), path: join(folder, 'netns/blue') };
  assert.deepEqual(findNamespace('blue', files), blue);
  assert.equal(findNamespace(`inode:${redis.inode}`, files).path, path);
  assert.equal(findNamespace(`inode:${blue.inode}`, files).inode, blue.inode);
});

const MISSING: [string, RegExp][] = [
  ['red', /^There is no network namespace with the name "red"\. There are /],
  ['/nowhere/ns/net', /^There is no network namespace at \/nowhere\/ns\/net\. /],
  ['inode:7', /^There is no network namespace with the number 7\. /],
  ['../plain', /^"\.\.\/plain" is neither a path/],
  ['unmounted', /is no network namespace\. /],
];
for (const [asked, message] of MISSING)
  test(`"${asked}" is refused with what there is`, () => {
    assert.throws(
      () => findNamespace(asked, files),
      (error: Error & { code: string; remedy: string }) => {
        assert.equal(error.code, 'bad-condition');
        assert.match(error.message, message);
        assert.match(error.message, new RegExp(`inode:${inodeOf('netns/blue')} \\(blue\\)`));
        assert.match(error.message, new RegExp(`inode:${inodeOf('proc/80/ns/net')} \\(process 80, redis\\)`));
        assert.doesNotMatch(error.message, /nginx/); // blue has a name already
        assert.match(error.remedy, /--filter-netns/);
        return true;
      },
    );
  });

test('a number that is none', () => {
  assert.throws(() => findNamespace('inode:x', files), { message: /behind "inode:" comes its number/ });
});
