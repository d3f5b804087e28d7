/** Uploading to a target, here this machine's own shell, and over a real sshd. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, beforeEach, describe, test } from 'node:test';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import type { ErrorCode } from '../../../../extension/base/errors.ts';
import { agentBundle, nodeBundle } from '../../../../extension/target/assets.ts';
import type { Bundle } from '../../../../extension/target/assets.ts';
import { connectTarget } from '../../../../extension/target/connect.ts';
import { deploy } from '../../../../extension/target/deploy.ts';
import type { DeployRequest } from '../../../../extension/target/deploy.ts';
import { LocalShell } from '../../../../extension/target/local.ts';
import { connectOptions, fakeAssets, startSshServer } from '../../../support/ssh-server.ts';

const arch = process.arch as 'x64' | 'arm64';
const root = mkdtempSync(join(tmpdir(), 'kpt-deploy-'));
after(() => rmSync(root, { recursive: true, force: true }));

let cacheDir: string;
let counter = 0;
beforeEach(() => {
  // A quote and a space in the home's name must not matter.
  cacheDir = join(root, `home of o'neil ${counter++}`, '.cache', 'target');
});

function bundle(name: string, files: Record<string, Buffer>): Bundle {
  return {
    name,
    title: 'the test',
    files: Object.entries(files).map(([path, content]) => ({
      path,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      mode: 0o600,
      open: () => Readable.from([content.subarray(0, 10), content.subarray(10)]),
    })),
  };
}

const request = (what: Bundle, more: Partial<DeployRequest> = {}): DeployRequest => ({
  shell: new LocalShell(),
  cacheDir,
  bundle: what,
  hasGzip: true,
  freeBytes: undefined,
  keep: 3,
  signal: undefined,
  onProgress: undefined,
  ...more,
});

async function fails(code: ErrorCode, attempt: Promise<unknown>): Promise<PacketTraceError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PacketTraceError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

const content = {
  'agent.cjs': Buffer.from('console.log(1)'.repeat(1000)),
  'linux/lib.so': randomBytes(70_000),
};

for (const hasGzip of [true, false]) {
  test(`${hasGzip ? 'with' : 'without'} gzip: all arrives once, private, and is not sent again`, async () => {
    const progress: string[] = [];
    const what = bundle('agent-a', content);
    const first = await deploy(request(what, { hasGzip, onProgress: (text) => progress.push(text) }));
    assert.equal(first.dir, join(cacheDir, 'agent-a'));
    for (const [path, bytes] of Object.entries(content)) {
      assert.ok(readFileSync(join(first.dir, path)).equals(bytes), path);
      assert.equal(statSync(join(first.dir, path)).mode & 0o777, 0o600);
    }
    assert.equal(statSync(first.dir).mode & 0o777, 0o700);
    const bytes = what.files.reduce((sum, file) => sum + file.bytes, 0);
    if (hasGzip)
      assert.ok(first.uploadedBytes > 70_000 && first.uploadedBytes < 75_000, `${first.uploadedBytes}`);
    else assert.equal(first.uploadedBytes, bytes);
    assert.match(progress.at(-1) ?? '', /^Uploading the test to this machine \(0 of 0\.1 MB\)$/);
    assert.deepEqual(readdirSync(cacheDir), ['agent-a']);
    assert.equal((await deploy(request(what, { hasGzip }))).uploadedBytes, 0);
  });
}

test('what was damaged is replaced', async () => {
  const what = bundle('agent-a', content);
  const { dir } = await deploy(request(what));
  writeFileSync(join(dir, 'agent.cjs'), 'cut short');
  assert.ok((await deploy(request(what))).uploadedBytes > 0);
  assert.ok(readFileSync(join(dir, 'agent.cjs')).equals(content['agent.cjs']));
  assert.deepEqual(readdirSync(cacheDir), ['agent-a']);
});

test('a checksum that does not match: deploy, and nothing stays', async () => {
  const what = bundle('agent-a', content);
  for (const file of what.files)
    file.sha256 = file.sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  const error = await fails('deploy', deploy(request(what)));
  assert.match(error.message, /differs from what was sent/);
  assert.deepEqual(readdirSync(cacheDir), []);
});

test('too little space is found before anything is sent', async () => {
  const error = await fails(
    'target-no-space',
    deploy(request(bundle('agent-a', content), { freeBytes: 10_000 })),
  );
  assert.match(error.message, /0\.1 MB needed, 0\.0 MB free/);
  assert.ok(!existsSync(cacheDir));
});

test('a cache folder that cannot be made', async () => {
  mkdirSync(join(cacheDir, '..'), { recursive: true });
  writeFileSync(cacheDir, 'a file');
  const error = await fails('deploy', deploy(request(bundle('agent-a', content))));
  assert.match(error.message, /Could not make a folder .*(File exists|Not a directory)/);
  assert.ok(error.remedy.includes(cacheDir));
});

test('a source that cannot be read', async () => {
  const what = bundle('agent-a', content);
  for (const file of what.files)
    file.open = () => new Readable({ read: (): void => undefined }).destroy(new Error('bad disk'));
  assert.match((await fails('deploy', deploy(request(what)))).message, /bad disk/);
  assert.deepEqual(readdirSync(cacheDir), []);
});

test('cancelled in the middle: nothing stays', async () => {
  const abort = new AbortController();
  const endless: Bundle = bundle('agent-a', { big: Buffer.alloc(100) });
  for (const file of endless.files) {
    file.bytes = 100e6;
    file.open = () => Readable.from(chunks(100));
  }
  const seen: string[] = [];
  const onProgress = (text: string) => {
    seen.push(...readdirSync(cacheDir));
    if (text.includes('(5 of')) abort.abort();
  };
  await fails('cancelled', deploy(request(endless, { signal: abort.signal, onProgress })));
  assert.ok(seen.some((name) => name.startsWith('.tmp-')));
  assert.deepEqual(readdirSync(cacheDir), []);
});

function* chunks(megabytes: number): Generator<Buffer> {
  for (let index = 0; index < megabytes; index++) yield randomBytes(1e6);
}

test('only the newest versions stay, and no old leftovers', async () => {
  mkdirSync(cacheDir, { recursive: true });
  const long = (name: string, hoursAgo: number) => {
    mkdirSync(join(cacheDir, name));
    const time = new Date(Date.now() - hoursAgo * 3600_000);
    utimesSync(join(cacheDir, name), time, time);
  };
  for (const [name, hours] of [
    ['agent-1', 5],
    ['agent-2', 3],
    ['agent-3', 4],
    ['node-1', 50],
    ['.tmp-stale', 2],
    ['.tmp-fresh', 0],
  ] as const)
    long(name, hours);
  await deploy(request(bundle('agent-4', content)));
  assert.deepEqual(readdirSync(cacheDir).sort(), ['.tmp-fresh', 'agent-2', 'agent-3', 'agent-4', 'node-1']);
});

test('two starts at the same time get along', async () => {
  const what = bundle('agent-a', content);
  const results = await Promise.all([deploy(request(what)), deploy(request(what)), deploy(request(what))]);
  for (const { dir } of results)
    assert.ok(readFileSync(join(dir, 'linux/lib.so')).equals(content['linux/lib.so']));
  assert.deepEqual(readdirSync(cacheDir), ['agent-a']);
});

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
  const error = await fails('deploy', agentBundle(join(root, 'nowhere'), arch));
  assert.ok(error.message.includes(join('nowhere', 'agent')));
  await fails('deploy', nodeBundle(join(root, 'nowhere'), arch));
});

describe('over SSH', () => {
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
      assert.deepEqual(readdirSync(join(server.home, '.cache/kernel-packet-trace/target')), []);
    } finally {
      await server.stop();
    }
  });
});
