/**
 * A real sshd for tests: on 127.0.0.1, as the user who runs the tests, with its own keys, configuration and
 * home directory, all in a temporary folder.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { ensureInstalled } from '../../build/packages/debian.ts';
import { run } from '../../build/run.ts';
import type { ConnectOptions } from '../../extension/target/connection.ts';

export interface SshServer {
  port: number;
  /** Folder of everything; removed by stop(). */
  dir: string;
  /** HOME of those who log in. */
  home: string;
  /** A private key that is let in. */
  key: string;
  /** `127.0.0.1` line for a known_hosts file. */
  knownHost: string;
  hostKeyFile: string;
  /** What sshd logged so far. */
  log(): string;
  /** Kills the server's process for each connection, as a lost network would end them. */
  cutConnections(): Promise<void>;
  stop(): Promise<void>;
}

export async function generateKey(
  path: string,
  type = 'ed25519',
  passphrase = '',
  more: string[] = [],
): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', path, ...more]);
}

/** @param extra lines of sshd_config @param env for those who log in */
export async function startSshServer(
  extra: string[] = [],
  env: Record<string, string> = {},
): Promise<SshServer> {
  await ensureInstalled(['openssh-server', 'openssh-client']);
  const dir = mkdtempSync(join(tmpdir(), 'kpt-sshd-'));
  const path = (name: string) => join(dir, name);
  const home = path('home');
  mkdirSync(home);
  mkdirSync('/run/sshd', { recursive: true }); // sshd refuses to start without it
  await generateKey(path('host_ed25519'));
  await generateKey(path('user_key'));
  writeFileSync(path('authorized_keys'), readFileSync(path('user_key.pub')), { mode: 0o600 });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${path('host_ed25519')}`,
    `AuthorizedKeysFile ${path('authorized_keys')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'MaxStartups 100',
    // Only the first SetEnv line counts.
    `SetEnv ${Object.entries({ HOME: home, ...env })
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
    ...extra,
  ];
  writeFileSync(path('sshd_config'), `${config.join('\n')}\n`);
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', path('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const server: SshServer = {
    port,
    dir,
    home,
    key: path('user_key'),
    knownHost: `[127.0.0.1]:${port} ${readFileSync(path('host_ed25519.pub'), 'utf8')}`,
    hostKeyFile: path('host_ed25519'),
    log: () => log,
    cutConnections: async () => {
      for (const pid of await descendants(child.pid ?? 0)) tryKill(pid);
    },
    stop: async () => {
      process.off('exit', kill);
      await server.cutConnections();
      await ended(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await listening(port, child, () => log).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return server;
}

/** Options for connectTarget that trust the server, refuse every question, and touch nothing of the user's. */
export function connectOptions(
  server: SshServer,
  distDir: string,
  more: Partial<ConnectOptions> = {},
): ConnectOptions {
  const config = join(server.dir, 'ssh_config');
  writeFileSync(
    config,
    'IdentityAgent none\nIdentityFile none\nUserKnownHostsFile none\nGlobalKnownHostsFile none\n',
    {
      flag: 'a+',
    },
  );
  return {
    target: `${userInfo().username}@127.0.0.1:${server.port}`,
    identity: server.key,
    sshConfigFile: config,
    distDir,
    targetFolder: join(server.dir, 'target'),
    prompts: {
      confirmHostKey: () => Promise.resolve(false),
      secret: () => Promise.resolve(undefined),
    },
    hostKeys: { read: () => Promise.resolve(server.knownHost), append: () => Promise.resolve() },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    ...more,
  };
}

/** Stands in for dist/: an agent that greets and echoes, and a "Node" that is a script around the real one. */
export function fakeAssets(dir: string, padding = 1000): string {
  const arch = process.arch;
  const assets = join(dir, 'assets');
  mkdirSync(join(assets, 'agent', `linux-${arch}`), { recursive: true });
  mkdirSync(join(assets, 'node'), { recursive: true });
  writeFileSync(
    join(assets, 'agent', 'agent.cjs'),
    `process.stdout.write('hello ' + process.argv[2] + '\\n');
process.stdin.on('data', (data) => process.stdout.write(data));
process.stdin.on('end', () => { process.stderr.write('bye'); process.exit(7); });
`,
  );
  writeFileSync(join(assets, 'agent', `linux-${arch}`, 'library.so.1'), Buffer.alloc(padding, 'x'));
  const node = Buffer.from(`#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
  writeFileSync(join(assets, 'node', `linux-${arch}.br`), brotliCompressSync(node));
  const entry = { sha256: createHash('sha256').update(node).digest('hex'), bytes: node.length };
  writeFileSync(
    join(assets, 'node', 'manifest.json'),
    JSON.stringify({ version: process.version, [`linux-${arch}`]: entry }),
  );
  return assets;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) break;
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1');
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not listen:\n${log()}`);
}

async function descendants(pid: number): Promise<number[]> {
  const table = (await run('ps', ['-e', '-o', 'pid=,ppid='])).trim().split('\n');
  const pairs = table.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const found = pairs.filter(([, parent]) => parent === pid).map(([child]) => child);
  for (const child of [...found]) found.push(...(await descendants(child)));
  return found;
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
