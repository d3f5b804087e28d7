/** Starting agents: over SSH and on this machine, and the ways in which they end. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { connectTarget } from '../../../../extension/target/connect.ts';
import type { AgentConnection, Target } from '../../../../extension/target/connection.ts';
import { connectOptions, fakeAssets, startSshServer } from '../../../support/ssh-server.ts';
import type { SshServer } from '../../../support/ssh-server.ts';

/** Reads until `wanted` bytes came. */
async function read(stream: Readable, wanted: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  await new Promise<void>((resolve) => {
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= wanted) {
        stream.off('data', onData);
        resolve();
      }
    };
    stream.on('data', onData);
  });
  return Buffer.concat(chunks);
}

async function checkEcho(target: Target): Promise<void> {
  const agent = await target.startAgent();
  // Sent before the greeting was read: no byte may be eaten by a shell.
  const sent = Buffer.alloc(300_000, 0).map((_, index) => index % 256);
  agent.input.write(sent);
  const greeting = Buffer.from('hello serve\n');
  const received = await read(agent.output, greeting.length + sent.length);
  assert.ok(received.equals(Buffer.concat([greeting, sent])));
  agent.close();
  agent.close();
  assert.deepEqual(await agent.closed, {
    exitCode: 7,
    signal: undefined,
    connectionLost: false,
    stderr: 'bye',
  });
}

async function checkClosedAtOnce(target: Target): Promise<void> {
  const agent = await target.startAgent();
  assert.equal((await read(agent.output, 12)).toString(), 'hello serve\n');
  agent.close();
  assert.equal((await agent.closed).exitCode, 7);
}

describe('over SSH', () => {
  let server: SshServer;
  let target: Target;
  before(async () => {
    // A login file that talks, as users have them, must not get between us and the agent.
    server = await startSshServer();
    writeFileSync(join(server.home, '.bashrc'), 'echo Welcome; echo careful >&2\n');
    target = await connectTarget(connectOptions(server, fakeAssets(server.dir)));
  });
  after(async () => {
    target.dispose();
    await server.stop();
  });

  test('bytes pass unchanged; its end is seen', () => checkEcho(target));
  test('an agent that is closed at once', () => checkClosedAtOnce(target));
  test('several at once', async () => {
    await Promise.all([checkEcho(target), checkEcho(target), checkClosedAtOnce(target)]);
  });

  test('a broken agent: agent-start with what it said', async () => {
    const assets = fakeAssets(server.dir);
    writeFileSync(join(assets, 'agent', 'agent.cjs'), "throw new Error('library is missing');\n");
    const broken = await connectTarget(connectOptions(server, assets));
    try {
      await assert.rejects(
        broken.startAgent(),
        (error) =>
          error instanceof PacketTraceError &&
          error.code === 'agent-start' &&
          error.message.includes('library is missing'),
      );
    } finally {
      broken.dispose();
    }
  });

  test('what was damaged since is placed again before it is run', async () => {
    const assets = fakeAssets(server.dir);
    const options = connectOptions(server, assets);
    const other = await connectTarget(options);
    try {
      const folder = options.targetFolder ?? '';
      for (const name of readdirSync(folder).filter((each) => each.startsWith('agent-')))
        writeFileSync(join(folder, name, 'agent.cjs'), 'damaged');
      await checkEcho(other);
    } finally {
      other.dispose();
    }
  });

  test('dispose ends the agents, which is no lost connection', async () => {
    const other = await connectTarget(connectOptions(server, fakeAssets(server.dir)));
    const agent = await other.startAgent();
    other.dispose();
    assert.equal((await agent.closed).connectionLost, false);
  });

  test('a cut connection: every agent says so, and no further one starts', async () => {
    const agents: AgentConnection[] = [await target.startAgent(), await target.startAgent()];
    for (const agent of agents) agent.output.resume();
    await server.cutConnections();
    for (const agent of agents) {
      const closed = await agent.closed;
      assert.equal(closed.connectionLost, true);
      assert.equal(closed.exitCode, undefined);
    }
    await assert.rejects(
      target.startAgent(),
      (error) => error instanceof PacketTraceError && error.code === 'connection-lost',
    );
  });
});

describe('on this machine', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  let dir: string;
  let target: Target;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'kpt-local-'));
    target = await connectTarget({
      target: 'local',
      distDir: fakeAssets(dir),
      targetFolder: join(dir, 'target'),
      prompts: { confirmHostKey: () => Promise.resolve(false), secret: () => Promise.resolve(undefined) },
      hostKeys: { read: () => Promise.resolve(''), append: () => Promise.resolve() },
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  });
  after(() => {
    target.dispose();
    rmSync(dir, { recursive: true, force: true });
  });

  test('facts', () => {
    assert.equal(target.label, 'local');
    assert.equal(target.facts.os, 'Linux');
    assert.ok(target.facts.uploadedBytes > 0, "root's own copy");
    assert.deepEqual(target.facts.node, { path: process.execPath, version: process.version, origin: 'own' });
  });
  test('bytes pass unchanged; its end is seen', () => checkEcho(target));
  test('an agent that is closed at once', () => checkClosedAtOnce(target));
});
