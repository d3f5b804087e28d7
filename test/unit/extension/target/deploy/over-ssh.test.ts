/** Deployment over a real sshd, into a folder of root's. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connectTarget } from '../../../../../extension/target/connect.ts';
import { fails } from '../../../../support/fails.ts';
import { needsRoot } from '../../../../support/root-session.ts';
import { connectOptions, fakeAssets, startSshServer } from '../../../../support/ssh-server.ts';
import { SUDO, writeSudo } from '../../../../support/sudo.ts';

const arch = process.arch as 'x64' | 'arm64';
const root = mkdtempSync(join(tmpdir(), 'kpt-deploy-ssh-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A shell whose input has ended removes what it was writing, and ends; only what tries folders out stays. */
async function emptied(folder: string): Promise<void> {
  const left = () => readdirSync(folder).filter((name) => name !== '.runs');
  for (let attempt = 0; attempt < 200 && left().length > 0; attempt++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(left(), []);
}

describe('over SSH', { skip: needsRoot }, () => {
  /** A folder of programs that has everything but Node, or a Node of our own. */
  function programs(dir: string, node?: string): string {
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    for (const from of ['/usr/bin', '/bin']) {
      for (const name of readdirSync(from))
        if (!/^node(js)?$/.test(name) && !existsSync(join(bin, name)))
          symlinkSync(join(from, name), join(bin, name));
    }
    if (node !== undefined) writeFileSync(join(bin, 'node'), node, { mode: 0o755 });
    return bin;
  }

  for (const [what, node] of [
    ['no Node', undefined],
    ['an old Node', '#!/bin/sh\necho "v18.19.0 x64 /usr/bin/node"\n'],
    ['a broken Node', '#!/bin/sh\nexit 1\n'],
  ] as const) {
    test(`${what} on the target: ours is uploaded, once, and runs the agent`, async () => {
      const bin = programs(mkdtempSync(join(root, 'programs-')), node);
      const server = await startSshServer([], { PATH: bin });
      try {
        const assets = fakeAssets(server.dir);
        const options = connectOptions(server, assets);
        const first = await connectTarget(options);
        assert.equal(first.facts.node.origin, 'uploaded');
        assert.equal(first.facts.node.version, process.version);
        assert.ok(first.facts.uploadedBytes > 0);
        const agent = await first.startAgent();
        agent.output.resume();
        agent.close();
        assert.equal((await agent.closed).exitCode, 7);
        first.dispose();
        const second = await connectTarget(options);
        assert.equal(second.facts.uploadedBytes, 0);
        second.dispose();
      } finally {
        await server.stop();
      }
    });
  }

  for (const how of ['root', 'sudo'] as const) {
    test(`login files that set umask 0777, as ${how}: what is put there is root's to read, and runs`, async () => {
      const bin = mkdtempSync(join(root, 'programs-'));
      if (how === 'sudo') {
        writeSudo(bin, SUDO.free);
        // Who logs in here is root already; that is not to be seen.
        writeFileSync(join(bin, 'id'), '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo me\n', { mode: 0o755 });
      }
      const server = await startSshServer([], { PATH: `${bin}:${programs(bin)}` });
      try {
        for (const name of ['.bashrc', '.profile', '.zshenv'])
          writeFileSync(join(server.home, name), 'umask 0777\numask > "$HOME/told"\n');
        const assets = fakeAssets(server.dir);
        writeFileSync(
          join(assets, 'agent', 'agent.cjs'),
          `process.stdout.write(process.umask().toString(8)); process.stdin.resume();`,
        );
        // The second start uses what the first one left.
        for (const uploads of [true, false]) {
          const target = await connectTarget(connectOptions(server, assets));
          assert.equal(target.facts.uploadedBytes > 0, uploads);
          assert.equal(target.facts.privilege, how);
          const agent = await target.startAgent();
          let umask = '';
          agent.output.on('data', (chunk: Buffer) => (umask += chunk.toString()));
          agent.close();
          assert.equal((await agent.closed).exitCode, 0);
          assert.equal(umask, '77', 'of the agent, which keeps files too');
          target.dispose();
        }
        assert.match(readFileSync(join(server.home, 'told'), 'utf8'), /^0?777$/m, 'the login file was read');
        const put = readdirSync(join(server.dir, 'target'), { recursive: true, withFileTypes: true });
        const modes = put.map((entry) => {
          const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
          const kind = entry.name.replace(/-[0-9a-f]{64}$/, '');
          return `${mode.toString(8)} ${kind}`;
        });
        assert.deepEqual(modes.sort(), [
          ...['600 .checked', '600 .start', '600 agent.cjs', '600 library.so.1'],
          ...['700 .runs', '700 agent', `700 linux-${arch}`, '700 node', '700 node'],
        ]);
      } finally {
        await server.stop();
      }
    });
  }

  test('cut in the middle of the upload: connection-lost', async () => {
    const server = await startSshServer();
    try {
      const assets = fakeAssets(server.dir);
      writeFileSync(join(assets, 'agent', `linux-${arch}`, 'big.so'), randomBytes(60e6));
      let cut: Promise<void> | undefined;
      const onProgress = (text: string) => {
        if (text.includes('(5 of')) cut ??= server.cutConnections();
      };
      await fails('connection-lost', connectTarget(connectOptions(server, assets, { onProgress })));
      assert.ok(cut);
      await cut;
    } finally {
      await server.stop();
    }
  });

  test('cancelled in the middle of the upload: nothing stays', async () => {
    const server = await startSshServer();
    try {
      const assets = fakeAssets(server.dir);
      writeFileSync(join(assets, 'agent', `linux-${arch}`, 'big.so'), randomBytes(60e6));
      const abort = new AbortController();
      const onProgress = (text: string) => {
        if (text.includes('(5 of')) abort.abort();
      };
      await fails(
        'cancelled',
        connectTarget(connectOptions(server, assets, { onProgress, signal: abort.signal })),
      );
      await emptied(join(server.dir, 'target'));
    } finally {
      await server.stop();
    }
  });
});
