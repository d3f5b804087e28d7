import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { PacketTraceError } from '../../../../extension/base/errors.ts';
import { LocalShell } from '../../../../extension/target/local.ts';
import {
  chooseNode,
  findNodes,
  inspectPlatform,
  readPlatform,
} from '../../../../extension/target/platform.ts';
import { runScript } from '../../../../extension/target/shell.ts';

const { arch } = await inspectPlatform(new LocalShell());

const GOOD = `os=Linux
machine=x86_64
release=6.12.1
uid=1000
user=me
bits=64
libc=glibc 2.36
gzip=yes
`;
const NODES = `node=v18.19.0 x64 /usr/bin/node
node=v22.1.0 x64 /home/me/.vscode-server/cli/servers/Stable-1/server/node
`;

test('what a Debian host prints', () => {
  assert.deepEqual(readPlatform(GOOD, 'host'), {
    os: 'Linux',
    machine: 'x86_64',
    arch: 'x64',
    kernelRelease: '6.12.1',
    uid: 1000,
    user: 'me',
    hasGzip: true,
  });
  assert.deepEqual(chooseNode(NODES, 'x64'), {
    node: {
      path: '/home/me/.vscode-server/cli/servers/Stable-1/server/node',
      version: 'v22.1.0',
      origin: 'vscode-server',
    },
    oldNodes: ['v18.19.0 (/usr/bin/node)'],
  });
});

test('a Node for another processor is not used', () => {
  const { arch } = readPlatform(GOOD.replace('x86_64', 'aarch64'), 'host');
  assert.equal(arch, 'arm64');
  assert.equal(chooseNode(NODES, arch).node, undefined);
});

for (const [what, from, to, message] of [
  ['a Mac', 'os=Linux', 'os=Darwin', /host cannot be traced: it runs Darwin, not Linux/],
  ['an old ARM board', 'machine=x86_64', 'machine=armv7l', /its processor is armv7l/],
  ['32-bit programs', 'bits=64', 'bits=32', /32-bit/],
  ['musl', 'libc=glibc 2.36', 'libc=musl libc (x86_64)', /musl/],
  ['an old glibc', 'libc=glibc 2.36', 'libc=ldd (GNU libc) 2.17', /glibc 2\.17/],
] as const) {
  test(`${what}: target-unsupported`, () => {
    assert.throws(
      () => readPlatform(GOOD.replace(from, to), 'host'),
      (error) =>
        error instanceof PacketTraceError &&
        error.code === 'target-unsupported' &&
        message.test(error.message) &&
        error.remedy !== '',
    );
  });
}

test('this machine is seen as it is', async () => {
  const platform = await inspectPlatform(new LocalShell());
  assert.equal(platform.kernelRelease, release());
  assert.equal(platform.uid, process.getuid?.());
});

test('Nodes are found in PATH and in VS Code Server, old ones passed over', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'kpt-platform-'));
  try {
    const server = join(dir, '.vscode-server/cli/servers/Stable-0/server');
    mkdirSync(server, { recursive: true });
    writeFileSync(join(server, 'node'), `#!/bin/sh\necho "v22.5.0 ${process.arch} $0"\n`, { mode: 0o755 });
    mkdirSync(join(dir, 'bin'));
    writeFileSync(join(dir, 'bin/node'), `#!/bin/sh\necho "v18.0.0 ${process.arch} $0"\n`, { mode: 0o755 });
    const env = { ...process.env, HOME: dir, PATH: `${join(dir, 'bin')}:${process.env.PATH}` };
    const { node, oldNodes } = await findNodes(new LocalShell(env), arch);
    assert.deepEqual(node, {
      path: join(server, 'node'),
      version: 'v22.5.0',
      origin: 'vscode-server',
    });
    assert.deepEqual(oldNodes, [`v18.0.0 (${join(dir, 'bin/node')})`]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

describe('a Node that does not answer', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kpt-hung-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  const shim = join(dir, 'bin/node');
  mkdirSync(join(dir, 'bin'));
  // As one that downloads: what hangs is a child of it, which holds its output.
  writeFileSync(shim, '#!/bin/sh\nsleep 600\necho late\n', { mode: 0o755 });
  const server = (name: string, text: string) => {
    const folder = join(dir, `.vscode-server/cli/servers/${name}/server`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'node'), text, { mode: 0o755 });
    return join(folder, 'node');
  };
  const env = { ...process.env, HOME: dir, PATH: `${join(dir, 'bin')}:${process.env.PATH}` };

  test('is passed over, and the next one is found', async () => {
    const next = server('Stable-1', `#!/bin/sh\necho "v22.5.0 ${process.arch} $0"\n`);
    assert.equal((await findNodes(new LocalShell(env), arch, undefined, 1)).node?.path, next);
  });

  test('several of them end the search', async () => {
    server('Stable-0', '#!/bin/sh\nsleep 600\n');
    assert.equal((await findNodes(new LocalShell(env), arch, undefined, 1)).node, undefined);
  });
});

test('an account without a home can be used', async () => {
  const env = { ...process.env };
  delete env.HOME;
  const platform = await inspectPlatform(new LocalShell(env));
  assert.equal(platform.kernelRelease, release());
  await findNodes(new LocalShell(env), arch);
});

test('scripts: result, exit code, error text, input', async () => {
  const shell = new LocalShell();
  const result = await runScript(shell, 'cat; echo problem >&2; exit 3', {
    input: Buffer.from("it's $HOME\n"),
  });
  assert.deepEqual(result, { code: 3, stdout: "it's $HOME\n", stderr: 'problem\n' });
});

test('a script that does not end is ended', async () => {
  await assert.rejects(
    runScript(new LocalShell(), 'exec sleep 60', { timeoutMs: 200 }),
    /did not end in time/,
  );
});
