/** Uploading into a folder of root's, here of this machine. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { Bundle } from '../../../../../extension/target/assets.ts';
import { install } from '../../../../../extension/target/deploy/install.ts';
import type { InstallRequest } from '../../../../../extension/target/deploy/install.ts';
import type { RootSession } from '../../../../../extension/target/root/session.ts';
import { fails } from '../../../../support/fails.ts';
import { shellWithMounts } from '../../../../support/private-mounts.ts';
import { needsRoot, rootSession } from '../../../../support/root-session.ts';

const root = mkdtempSync(join(tmpdir(), 'kpt-deploy-'));
after(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let session: RootSession;
let counter = 0;
beforeEach(async () => {
  // A quote and a space in the folder's name must not matter.
  folder = join(root, `folder of o'neil ${counter++}`);
  mkdirSync(folder);
  session = await rootSession();
});
afterEach(() => session.dispose());

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

const request = (what: Bundle, more: Partial<InstallRequest> = {}): InstallRequest => ({
  session,
  folder,
  bundle: what,
  hasGzip: true,
  keep: 3,
  signal: undefined,
  onProgress: undefined,
  ...more,
});

const content = {
  'agent.cjs': Buffer.from('console.log(1)'.repeat(1000)),
  'linux/lib.so': randomBytes(70_000),
};

describe('as root', { skip: needsRoot }, () => {
  for (const hasGzip of [true, false]) {
    test(`${hasGzip ? 'with' : 'without'} gzip: all arrives, root's alone`, async () => {
      const progress: string[] = [];
      const what = bundle('agent-a', content);
      const sent = await install(request(what, { hasGzip, onProgress: (text) => progress.push(text) }));
      const dir = join(folder, 'agent-a');
      for (const [path, bytes] of Object.entries(content)) {
        assert.ok(readFileSync(join(dir, path)).equals(bytes), path);
        assert.equal(statSync(join(dir, path)).mode & 0o777, 0o600);
      }
      assert.equal(statSync(dir).mode & 0o777, 0o700);
      const bytes = what.files.reduce((sum, file) => sum + file.bytes, 0);
      if (hasGzip) assert.ok(sent > 70_000 && sent < 75_000, `${sent}`);
      else assert.equal(sent, bytes);
      assert.match(progress.at(-1) ?? '', /^Uploading the test to this machine \(0 of 0\.1 MB\)$/);
      assert.deepEqual(readdirSync(folder), ['agent-a']);
    });
  }

  test('the disk keeps every file before it gets its name', async () => {
    const bin = join(root, 'stand-ins');
    mkdirSync(bin);
    const log = join(root, 'order');
    // Stand-ins that tell in which order they are called, and then do as the real ones.
    const mounts: string[] = [];
    for (const name of ['sync', 'mv']) {
      const program = `#!/bin/sh\necho "${name} $*" >> '${log}'\nexec '${bin}/real-${name}' "$@"\n`;
      writeFileSync(join(bin, name), program, { mode: 0o755 });
      mounts.push(`real=$(readlink -f "$(command -v ${name})")`, `cp "$real" '${bin}/real-${name}'`);
      mounts.push(`mount --bind '${bin}/${name}' "$real"`);
    }
    const shell = shellWithMounts(mounts.join('\n'));
    const session = await rootSession(shell);
    await install(request(bundle('agent-a', content), { session }));
    session.dispose();
    const [first, second, ...others] = readFileSync(log, 'utf8').trimEnd().split('\n');
    assert.equal(first, 'sync agent.cjs linux/lib.so .');
    assert.match(second ?? '', /^mv -T .*\/agent-a$/);
    assert.deepEqual(others, []);
  });

  test('what was damaged is replaced', async () => {
    const what = bundle('agent-a', content);
    await install(request(what));
    writeFileSync(join(folder, 'agent-a', 'agent.cjs'), 'cut short');
    await install(request(what));
    assert.ok(readFileSync(join(folder, 'agent-a', 'agent.cjs')).equals(content['agent.cjs']));
    assert.deepEqual(readdirSync(folder), ['agent-a']);
  });

  test('a checksum that does not match: deploy, and nothing stays', async () => {
    const what = bundle('agent-a', content);
    for (const file of what.files)
      file.sha256 = file.sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    const error = await fails('deploy', install(request(what)));
    assert.match(error.message, /differs from what was sent/);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('a source that cannot be read', async () => {
    const what = bundle('agent-a', content);
    for (const file of what.files)
      file.open = () => new Readable({ read: (): void => undefined }).destroy(new Error('bad disk'));
    assert.match((await fails('deploy', install(request(what)))).message, /bad disk/);
    await ended();
    assert.deepEqual(readdirSync(folder), []);
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
      seen.push(...readdirSync(folder));
      if (text.includes('(5 of')) abort.abort();
    };
    await fails('cancelled', install(request(endless, { signal: abort.signal, onProgress })));
    assert.ok(seen.some((name) => name.startsWith('.tmp-')));
    await ended();
    assert.deepEqual(readdirSync(folder), []);
  });

  /** A shell whose input has ended removes what it was writing, and ends. */
  async function ended(): Promise<void> {
    for (let attempt = 0; attempt < 200 && readdirSync(folder).length > 0; attempt++)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }

  function* chunks(megabytes: number): Generator<Buffer> {
    for (let index = 0; index < megabytes; index++) yield randomBytes(1e6);
  }

  test('only the newest versions stay, each of its kind', async () => {
    const long = (name: string, hoursAgo: number) => {
      mkdirSync(join(folder, name));
      const time = new Date(Date.now() - hoursAgo * 3600_000);
      utimesSync(join(folder, name), time, time);
    };
    for (const [name, hours] of [
      ['agent-1', 5],
      ['agent-2', 3],
      ['agent-3', 4],
      ['node-1', 50],
    ] as const)
      long(name, hours);
    await install(request(bundle('agent-4', content)));
    assert.deepEqual(readdirSync(folder).sort(), ['agent-2', 'agent-3', 'agent-4', 'node-1']);
    assert.ok(!readdirSync(join(folder, 'agent-4')).includes('.user'));
  });

  test('starts at the same time get along', async () => {
    const what = bundle('agent-a', content);
    const sessions = await Promise.all([rootSession(), rootSession(), rootSession()]);
    await Promise.all(sessions.map((session) => install(request(what, { session }))));
    for (const session of sessions) session.dispose();
    assert.ok(readFileSync(join(folder, 'agent-a', 'linux/lib.so')).equals(content['linux/lib.so']));
    assert.deepEqual(readdirSync(folder), ['agent-a']);
  });
});
