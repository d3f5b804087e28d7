/** A real dropbear for tests, on 127.0.0.1: the SSH server of small devices. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpackPackage } from '../../build/packages/debian.ts';
import { run } from '../../build/run.ts';
import { freePort, generateKey } from './ssh-server.ts';

const SUITE = 'bookworm';

export interface Dropbear {
  port: number;
  dir: string;
  /** A private key that is let in. */
  key: string;
  /** `127.0.0.1` line for a known_hosts file. */
  knownHost: string;
  log(): string;
  stop(): Promise<void>;
}

/** @param options of dropbear(8) */
export async function startDropbear(options: readonly string[] = []): Promise<Dropbear> {
  const programs = await unpackPackage(SUITE, 'dropbear-bin');
  const dir = mkdtempSync(join(tmpdir(), 'kpt-dropbear-'));
  // Out of the cache, which may lie in the home that dropbear does not see.
  for (const name of ['libtomcrypt1', 'libtommath1'])
    cpSync(join(await unpackPackage(SUITE, name), 'usr/lib/x86_64-linux-gnu'), dir, {
      recursive: true,
      verbatimSymlinks: true,
    });
  cpSync(join(programs, 'usr/sbin/dropbear'), join(dir, 'dropbear'));
  const env = { ...process.env, LD_LIBRARY_PATH: dir };
  const hostKey = join(dir, 'host_key');
  const keygen = join(programs, 'usr/bin/dropbearkey');
  await run(keygen, ['-t', 'ed25519', '-f', hostKey], { env });
  const publicKey = /^ssh-ed25519 \S+/m.exec(await run(keygen, ['-y', '-f', hostKey], { env }))?.[0] ?? '';
  const key = join(dir, 'user_key');
  await generateKey(key);
  const home = join(dir, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.ssh/authorized_keys'), readFileSync(`${key}.pub`), { mode: 0o600 });
  const port = await freePort();
  // It reads keys from the home of the password database only: in a mount namespace of its own, that is ours.
  const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
  const dropbear = [join(dir, 'dropbear'), '-F', '-E', '-r', hostKey, '-p', `127.0.0.1:${port}`];
  const args = [
    '-m',
    'sh',
    '-c',
    script,
    'sh',
    home,
    homedir(),
    ...dropbear,
    '-P',
    join(dir, 'pid'),
    ...options,
  ];
  const child = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  for (let attempt = 0; attempt < 100 && !log.includes('Not backgrounding'); attempt++) await sleep(50);
  return {
    port,
    dir,
    key,
    knownHost: `[127.0.0.1]:${port} ${publicKey}\n`,
    log: () => log,
    stop: async () => {
      process.off('exit', kill);
      kill();
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
