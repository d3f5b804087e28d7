/** Which folder, and which Node, root trusts. Mounts are private to each test's shell. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import type { ErrorCode } from '../../../../../extension/base/errors.ts';
import type { Bundle } from '../../../../../extension/target/assets.ts';
import { chooseFolder, type FolderRequest } from '../../../../../extension/target/deploy/folder.ts';
import type { Shell } from '../../../../../extension/target/shell.ts';
import { shellWithMounts } from '../../../../support/private-mounts.ts';
import { needsRoot, rootSession } from '../../../../support/root-session.ts';

const SOMEBODY = 4242;
const root = mkdtempSync(join(tmpdir(), 'kpt-folder-'));
after(() => rmSync(root, { recursive: true, force: true }));

const bundle = (kind: string, bytes: number): Bundle => ({
  name: `${kind}-${'0'.repeat(64)}`,
  title: kind,
  files: [{ path: kind, bytes, sha256: '', mode: 0o600, open: () => assert.fail('only looked at') }],
});
const agent = bundle('agent', 10_000);
const node = bundle('node', 200_000);

const request = (more: Partial<FolderRequest>): FolderRequest => ({
  folder: undefined,
  agent,
  node,
  ownNode: undefined,
  trustedUid: 0,
  ...more,
});

async function choose(more: Partial<FolderRequest>, shell?: Shell) {
  const session = await rootSession(shell);
  try {
    return await chooseFolder(session, request(more));
  } finally {
    session.dispose();
  }
}

async function none(code: ErrorCode, more: Partial<FolderRequest>, shell?: Shell): Promise<string> {
  const error: unknown = await choose(more, shell).then(
    (chosen) => chosen.dir,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PacketTraceError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.remedy, /--target-folder/);
  return error.message;
}

const CACHE = 'mount -t tmpfs -o mode=755';
const everywhere = (options: string) =>
  shellWithMounts(
    ['/var/cache', '/run', '/var/tmp'].map((path) => `${CACHE},${options} none ${path}`).join('\n'),
  );

describe('as root', { skip: needsRoot }, () => {
  test('/var/cache first', async () => {
    const { dir, hasAgent, hasNode, ownNode } = await choose({}, everywhere('size=1m'));
    assert.deepEqual(
      [dir, hasAgent, hasNode, ownNode],
      ['/var/cache/kernel-packet-trace', false, false, undefined],
    );
  });

  for (const [what, mounts, expected] of [
    ['read-only', `${CACHE},ro none /var/cache`, '/run'],
    ['full', `${CACHE},size=100k none /var/cache`, '/run'],
    ['mounted noexec', `${CACHE},noexec none /var/cache`, '/run'],
    ['read-only, /run noexec', `${CACHE},ro none /var/cache\n${CACHE},noexec none /run`, '/var/tmp'],
  ] as const) {
    test(`/var/cache is ${what}: ${expected}`, async () => {
      const others = `${CACHE} none /run\nmount -t tmpfs -o mode=1777 none /var/tmp\n`;
      const { dir } = await choose({}, shellWithMounts(others + mounts));
      assert.equal(dir, `${expected}/kernel-packet-trace`);
    });
  }

  test('none at all: each with its reason', async () => {
    const message = await none(
      'deploy',
      {},
      shellWithMounts(
        `${CACHE},ro none /var/cache\n${CACHE},noexec none /run\nmount -t tmpfs -o mode=1777 none /var/tmp\nmkdir /var/tmp/kernel-packet-trace\nchown ${SOMEBODY} /var/tmp/kernel-packet-trace`,
      ),
    );
    assert.match(message, /\/var\/cache\/kernel-packet-trace: .*Read-only file system/);
    assert.match(message, /\/run\/kernel-packet-trace: .*noexec/);
    assert.match(message, new RegExp(`/var/tmp/kernel-packet-trace belongs to user ${SOMEBODY}`));
  });

  test('full everywhere: target-no-space, with what is needed', async () => {
    const message = await none('target-no-space', {}, everywhere('size=100k'));
    assert.match(message, /206 kB needed, \d+ kB free/);
  });

  test('the room of an upload that was cut is to be had', async () => {
    const cut = '/var/cache/kernel-packet-trace/.tmp-cut';
    const left = `mkdir -p ${cut}
head -c 300000 /dev/zero > ${cut}/part
echo "1 999999999 $(readlink /proc/self/ns/pid)" > ${cut}/.user`;
    const others = `${CACHE},size=100k none /run\n${CACHE},size=100k none /var/tmp\n`;
    const { dir } = await choose({}, shellWithMounts(`${others}${CACHE},size=400k none /var/cache\n${left}`));
    assert.equal(dir, '/var/cache/kernel-packet-trace');
  });

  test('what is there needs no room, and no writing', async () => {
    const files = [agent, node].map(
      ({ name, files: [file] }) =>
        `mkdir -p /var/cache/kernel-packet-trace/${name}\nhead -c ${file?.bytes} /dev/zero > /var/cache/kernel-packet-trace/${name}/${file?.path}`,
    );
    const shell = shellWithMounts(
      `${CACHE},size=400k none /var/cache\n${files.join('\n')}\nmount -o remount,ro /var/cache`,
    );
    const { dir, hasAgent, hasNode } = await choose({}, shell);
    assert.deepEqual([dir, hasAgent, hasNode], ['/var/cache/kernel-packet-trace', true, true]);
  });

  test('a folder of the user, named or below a link, or writable by others, is not used', async () => {
    const made = (name: string, change: (path: string) => void) => {
      const path = join(root, name);
      mkdirSync(path);
      change(path);
      return path;
    };
    const theirs = made('theirs', (path) => chownSync(path, SOMEBODY, SOMEBODY));
    const open = made('open', (path) => chmodSync(path, 0o770));
    const sticky = made('sticky', (path) => chmodSync(path, 0o1777));
    const link = join(root, 'link');
    symlinkSync(
      made('behind', () => undefined),
      link,
    );
    for (const [folder, words] of [
      [theirs, /belongs to user 4242/],
      [join(theirs, 'below'), /belongs to user 4242/],
      [open, /can be changed by others/],
      [join(open, 'below'), /can be changed by others/],
      [sticky, /can be changed by everybody/],
      [link, /it is a link/],
    ] as const)
      assert.match(await none('deploy', { folder }), words, folder);
    assert.equal((await choose({ folder: join(sticky, 'below') })).dir, join(sticky, 'below'));
    assert.equal(
      (await choose({ folder: join(root, "new o'folder/$x") })).dir,
      join(root, "new o'folder/$x"),
    );
  });

  describe("the target's own Node", () => {
    const bin = join(root, 'bin');
    mkdirSync(bin);
    const program = (name: string, uid = 0, mode = 0o755) => {
      const path = join(bin, name);
      writeFileSync(path, '', { mode });
      chmodSync(path, mode);
      chownSync(path, uid, uid);
      return path;
    };
    const folder = join(root, 'folder');

    test("root's is used, by its real path", async () => {
      const path = program('node');
      symlinkSync(path, join(bin, 'node-link'));
      assert.deepEqual((await choose({ folder, ownNode: join(bin, 'node-link') })).ownNode, { path });
    });

    for (const [what, make] of [
      ['of a user', () => program('users', SOMEBODY)],
      ['that a group can change', () => program('groups', 0, 0o775)],
      ['that is gone', () => join(bin, 'gone')],
    ] as const) {
      test(`one ${what} is not, and ours has to have room`, async () => {
        const path = make();
        const { ownNode } = await choose({ folder, ownNode: path });
        assert.ok(ownNode !== undefined && 'refused' in ownNode);
        assert.match(ownNode.refused, new RegExp(path));
        const small = shellWithMounts(`mkdir -p '${folder}'\n${CACHE},size=100k none '${folder}'`);
        await none('target-no-space', { folder, ownNode: path }, small);
        assert.ok((await choose({ folder, ownNode: program('node') }, small)).dir);
      });
    }

    test('one of the user who is root without a question is', async () => {
      const path = program('own', SOMEBODY);
      assert.deepEqual((await choose({ folder, ownNode: path, trustedUid: SOMEBODY })).ownNode, { path });
    });
  });
});
