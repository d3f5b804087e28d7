/** Debian's kernel source as a checkout, for the demo and the tests that open source. */
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { candidateVersion, downloadPackage, ensureInstalled, type Suite } from './debian.ts';
import { cacheDir } from '../paths.ts';
import { run } from '../run.ts';

const SUITES = { '6.1': 'bookworm', '6.12': 'trixie' } as const satisfies Record<string, Suite>;
export type SourceSeries = keyof typeof SUITES;

/** Large parts that no packet passes through; left out for the disk's sake. */
const LEFT_OUT = [
  'drivers/gpu',
  'drivers/media',
  'drivers/staging',
  'sound',
  'Documentation',
  'tools',
  'arch/[!x]*',
];

/**
 * Downloads and unpacks `linux-source-SERIES` (140 MB; some twenty seconds) without the folders of `LEFT_OUT`.
 * @returns the root of the tree, in the cache; a second call costs nothing
 */
export function kernelSource(series: SourceSeries, log: (line: string) => void): Promise<string> {
  return unpack(SUITES[series], `linux-source-${series}`, 'linux', LEFT_OUT, log);
}

/** As `kernelSource`, the whole tree (1.5 GB) of the newest 6.1 that Debian bookworm's security archive has. */
export function wholeKernelSource(log: (line: string) => void): Promise<string> {
  return unpack('bookworm-security', 'linux-source-6.1', 'linux-whole', [], log);
}

async function unpack(
  suite: Suite,
  name: string,
  prefix: string,
  leftOut: readonly string[],
  log: (line: string) => void,
): Promise<string> {
  const dir = join(cacheDir('linux'), `${prefix}-${await candidateVersion(suite, name)}`);
  if (existsSync(dir)) return dir;
  log(`downloading ${name} of Debian ${suite} (140 MB)`);
  await ensureInstalled(['xz-utils']);
  const deb = await downloadPackage(suite, name);
  log(`unpacking ${basename(deb)}`);
  const temporary = await mkdtemp(join(cacheDir('linux'), '.tmp-'));
  try {
    await run('dpkg', ['-x', deb, temporary]);
    const excludes = leftOut.map((path) => `--exclude=*/${path}`);
    const archive = join(temporary, `usr/src/${name}.tar.xz`);
    await run('tar', ['-xf', archive, '-C', temporary, ...excludes]);
    await rename(join(temporary, name), dir);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  await rm(deb); // the tree is what stays
  return dir;
}
