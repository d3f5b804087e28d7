/** Deployment over a real sshd, into a folder of root's. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connectTarget } from '../../../../../extension/target/connect.ts';
import { fails } from '../../../../support/fails.ts';
import { needsRoot } from '../../../../support/root-session.ts';
import { connectOptions, fakeAssets, startSshServer } from '../../../../support/ssh-server.ts';

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
