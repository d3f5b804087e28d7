/** What the build left for targets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { agentBundle, nodeBundle } from '../../../../extension/target/assets.ts';
import { fakeAssets } from '../../../support/ssh-server.ts';

const arch = process.arch as 'x64' | 'arm64';
const root = mkdtempSync(join(tmpdir(), 'kpt-assets-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('the bundle of the agent is named by its content', async () => {
  const assets = fakeAssets(join(root, 'assets'));
  const first = await agentBundle(assets, arch);
  assert.deepEqual(
    first.files.map((file) => file.path),
    ['agent.cjs', `linux-${arch}/library.so.1`],
  );
  assert.equal((await agentBundle(assets, arch)).name, first.name);
  writeFileSync(join(assets, 'agent', 'agent.cjs'), 'changed');
  assert.notEqual((await agentBundle(assets, arch)).name, first.name);
});

test('an installation without its parts says which is missing', async () => {
  for (const bundle of [agentBundle, nodeBundle]) {
    await assert.rejects(
      bundle(join(root, 'nowhere'), arch),
      (error) =>
        error instanceof PacketTraceError && error.code === 'deploy' && error.message.includes('nowhere'),
    );
  }
});
