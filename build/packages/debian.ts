import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withLock } from '../lock.ts';
import { cacheDir } from '../paths.ts';
import { run } from '../run.ts';

/** Debian suites that builds and the lab take packages from. */
export type Suite = 'bullseye' | 'bookworm' | 'bookworm-backports' | 'bookworm-security' | 'trixie' | 'sid';
export type DebianArch = 'amd64' | 'arm64';

/** Package lists are read again after this long; unpacking them costs seconds. */
const LISTS_KEEP_MS = 12 * 3600 * 1000;
/** How long another apt-get of this machine, not of ours, is waited for. */
const LOCK_SECONDS = 600;

/**
 * Installs Debian packages on this machine if they are missing.
 * @throws Error that names the packages when this is not a Debian machine or the user is not root.
 */
export async function ensureInstalled(packages: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) {
    const status = await run('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]).catch(() => '');
    if (status !== 'installed') missing.push(name);
  }
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(
      `Debian packages are missing; install them with: sudo apt-get install ${missing.join(' ')}`,
    );
  }
  process.stderr.write(`installing Debian packages: ${missing.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // One at a time: apt-get fails where another one holds its locks.
  const lock = join(cacheDir(), 'apt.lock');
  const apt = (...args: string[]) =>
    run('flock', [lock, 'apt-get', '-q', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`, ...args], { env });
  const install = () => apt('install', '-y', '--no-install-recommends', ...missing);
  await install().catch(async () => {
    await apt('update'); // stale or empty package lists
    await install();
  });
}

/**
 * The Debian mirror that this machine's own apt configuration names.
 * @param label of the archive: `Debian` or, with security updates, `Debian-Security`
 */
export async function mirror(label: 'Debian' | 'Debian-Security' = 'Debian'): Promise<string> {
  const format = '$(ORIGIN)|$(LABEL)|$(REPO_URI)';
  const targets = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const lines = targets.split('\n').map((line) => line.split('|'));
  const main = lines.find((line) => line[0] === 'Debian' && line[1] === label);
  // Before the first "apt-get update" origin and label are not known yet.
  const path = label === 'Debian' ? /\/debian\/?$/ : /\/debian-security\/?$/;
  const guess = lines.find(([, , uri]) => uri !== undefined && path.test(uri));
  const uri = (main ?? guess)?.[2];
  if (uri === undefined)
    throw new Error(`no mirror of ${label} in the apt configuration (apt-get indextargets)`);
  return uri;
}

const prepared = new Map<string, Promise<string[]>>();

/** apt options that make it see one suite of the mirror and nothing of this machine's own state. */
function privateApt(suite: Suite, arch: DebianArch): Promise<string[]> {
  const key = `${suite}-${arch}`;
  let options = prepared.get(key);
  if (options === undefined) {
    options = prepare(suite, arch);
    prepared.set(key, options);
  }
  return options;
}

async function prepare(suite: Suite, arch: DebianArch): Promise<string[]> {
  const dir = cacheDir('apt', `${suite}-${arch}`);
  for (const sub of ['lists/partial', 'cache/archives/partial'])
    await mkdir(join(dir, sub), { recursive: true });
  const uri = await mirror(suite.endsWith('-security') ? 'Debian-Security' : 'Debian');
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  await writeFile(join(dir, 'status'), '');
  await writeFile(
    join(dir, 'sources.list'),
    `deb ${signed} ${uri} ${suite} main\ndeb-src ${signed} ${uri} ${suite} main\n`,
  );
  const settings = {
    'Dir::Etc::sourcelist': join(dir, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State': dir,
    'Dir::State::Lists': join(dir, 'lists'),
    'Dir::State::status': join(dir, 'status'),
    'Dir::Cache': join(dir, 'cache'),
    'APT::Architecture': arch,
    'APT::Architectures': arch,
    'APT::Default-Release': '',
    'APT::Sandbox::User': 'root', // the cache folder is not readable for _apt
    'Acquire::Languages': 'none',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  // Two test runs may need it at once, and apt-get fails where another one holds the lists.
  await withLock(`apt-${suite}-${arch}`, async () => {
    const stamp = join(dir, 'updated');
    const updated = await stat(stamp).catch(() => undefined);
    if (updated !== undefined && Date.now() - updated.mtimeMs <= LISTS_KEEP_MS) return;
    await run('apt-get', [...options, 'update', '-q']);
    await writeFile(stamp, '');
  });
  return options;
}

/** Names of the packages that `name` of a suite depends on (direct dependencies, alternatives dropped). */
export async function dependencies(
  suite: Suite,
  name: string,
  arch: DebianArch = 'amd64',
): Promise<string[]> {
  const text = await run('apt-cache', [...(await privateApt(suite, arch)), 'depends', '--important', name]);
  return [...text.matchAll(/^\s+Depends: (\S+)$/gm)].map((match) => match[1] ?? '');
}

/** The version of a package that a suite holds now. */
export async function candidateVersion(
  suite: Suite,
  name: string,
  arch: DebianArch = 'amd64',
): Promise<string> {
  const text = await run('apt-cache', [
    ...(await privateApt(suite, arch)),
    'show',
    '--no-all-versions',
    name,
  ]);
  const version = /^Version: (\S+)$/m.exec(text)?.[1];
  if (version === undefined) throw new Error(`Debian ${suite} (${arch}) has no package ${name}`);
  return version;
}

/** Downloads one binary package and returns the path of its .deb in the cache; a second call downloads nothing. */
export async function downloadPackage(
  suite: Suite,
  name: string,
  arch: DebianArch = 'amd64',
): Promise<string> {
  const version = await candidateVersion(suite, name, arch);
  const dir = cacheDir('deb');
  const file = `${name}_${version.replaceAll(':', '%3a')}_`;
  const cached = (await readdir(dir)).find((entry) => entry.startsWith(file) && isFor(entry, arch));
  if (cached !== undefined) return join(dir, cached);
  return withTemporary(dir, async (temporary) => {
    const options = await privateApt(suite, arch);
    await run('apt-get', [...options, 'download', '-q', `${name}=${version}`], { cwd: temporary });
    const deb = (await readdir(temporary)).find((entry) => entry.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get download ${name} left no .deb file`);
    await rename(join(temporary, deb), join(dir, deb));
    return join(dir, deb);
  });
}

function isFor(deb: string, arch: DebianArch): boolean {
  return deb.endsWith(`_${arch}.deb`) || deb.endsWith('_all.deb');
}

/** Unpacks a .deb into a folder named after it in the cache and returns that folder. */
export async function unpackPackage(suite: Suite, name: string, arch: DebianArch = 'amd64'): Promise<string> {
  const deb = await downloadPackage(suite, name, arch);
  const dir = join(cacheDir('unpacked'), basename(deb, '.deb'));
  if (existsSync(dir)) return dir;
  return withTemporary(cacheDir('unpacked'), async (temporary) => {
    await run('dpkg', ['-x', deb, temporary]);
    await rename(temporary, dir);
    return dir;
  });
}

/** Downloads and unpacks a source package (`dpkg-source -x`, Debian's patches applied); returns its folder. */
export async function unpackSource(suite: Suite, name: string): Promise<string> {
  const options = await privateApt(suite, 'amd64');
  const text = await run('apt-cache', [...options, 'showsrc', '--only-source', name]);
  const version = /^Version: (\S+)$/m.exec(text)?.[1];
  if (version === undefined) throw new Error(`Debian ${suite} has no source package ${name}`);
  const dir = join(cacheDir('source'), `${name}-${version.replaceAll(':', '%3a')}`);
  if (existsSync(dir)) return dir;
  await ensureInstalled(['dpkg-dev']);
  return withTemporary(cacheDir('source'), async (temporary) => {
    await run('apt-get', [...options, 'source', '-q', '--only-source', `${name}=${version}`], {
      cwd: temporary,
    });
    const entries = await readdir(temporary, { withFileTypes: true });
    const tree = entries.find((entry) => entry.isDirectory());
    if (tree === undefined) throw new Error(`apt-get source ${name} unpacked no folder`);
    await rename(join(temporary, tree.name), dir);
    return dir;
  });
}

async function withTemporary<T>(parent: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = join(parent, `.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`);
  await mkdir(dir);
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
