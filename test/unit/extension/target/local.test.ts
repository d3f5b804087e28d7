import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { connectTarget } from '../../../../extension/target/connect.ts';
import { localNode } from '../../../../extension/target/local.ts';
import { fakeAssets } from '../../../support/ssh-server.ts';

/** A folder for PATH with what this machine has, but for Node. */
function toolsWithoutNode(dir: string): string {
  const tools = join(dir, 'bin');
  mkdirSync(tools);
  for (const name of readdirSync('/usr/bin'))
    if (!name.startsWith('node')) symlinkSync(join('/usr/bin', name), join(tools, name));
  return tools;
}

const versions = process.versions;
afterEach(() => Object.defineProperty(process, 'versions', { value: versions }));

test('this machine is traced by the Node that runs us', () => {
  const own = { path: process.execPath, version: process.version, origin: 'own' };
  assert.deepEqual(localNode(), own);
});

test('Electron, which cannot run the agent, is never taken for a Node', () => {
  Object.defineProperty(process, 'versions', { value: { ...versions, electron: '37.0.0' } });
  assert.equal(localNode(), undefined);
});

test(
  'in Electron, on a machine without Node, ours is put there',
  { skip: process.getuid?.() !== 0 && 'needs root' },
  async (context) => {
    const dir = mkdtempSync(join(tmpdir(), 'kpt-electron-'));
    const { PATH, HOME } = process.env;
    context.after(() => {
      Object.assign(process.env, { PATH, HOME });
      Reflect.deleteProperty(process.versions, 'electron');
      rmSync(dir, { recursive: true, force: true });
    });
    Object.assign(process.env, { PATH: toolsWithoutNode(dir), HOME: dir });
    Object.defineProperty(process.versions, 'electron', { value: '39.2.0', configurable: true });
    const target = await connectTarget({
      target: 'local',
      targetFolder: join(dir, 'placed'),
      distDir: fakeAssets(dir),
      prompts: { confirmHostKey: () => Promise.resolve(false), secret: () => Promise.resolve(undefined) },
      hostKeys: { read: () => Promise.resolve(''), append: () => Promise.resolve() },
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    try {
      const { node, uploadedBytes } = target.facts;
      assert.equal(node.origin, 'uploaded');
      assert.ok(node.path.startsWith(join(dir, 'placed')), node.path);
      assert.ok(uploadedBytes > 0);
      const agent = await target.startAgent();
      agent.close();
      assert.equal((await agent.closed).exitCode, 7);
    } finally {
      target.dispose();
    }
  },
);
