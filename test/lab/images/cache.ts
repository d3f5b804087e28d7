import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../../../build/paths.ts';
import { run } from '../../../build/run.ts';
import { withLock } from '../../../build/lock.ts';

/** A short name for a recipe: whatever changes the result belongs into it. */
export function recipeHash(recipe: unknown): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
}

/**
 * The cached folder `NAME~HASH`; made by `fill` when it is not there yet, and then those of other hashes are
 * removed. Appears whole or not at all; what a killed run left half-made is removed too.
 */
export async function cachedFolder(
  name: string,
  hash: string,
  fill: (dir: string) => Promise<void>,
): Promise<string> {
  const parent = cacheDir('lab');
  const dir = join(parent, `${name}~${hash}`);
  if (existsSync(dir)) return dir;
  return withLock(name, async () => {
    if (existsSync(dir)) return dir; // made by another process while we waited
    const temporary = await mkdtemp(join(parent, `${name}~tmp-`));
    await fill(temporary);
    await rename(temporary, dir);
    for (const entry of await readdir(parent)) {
      if (entry.startsWith(`${name}~`) && entry !== `${name}~${hash}`) {
        await rm(join(parent, entry), { recursive: true, force: true }); // a running guest keeps its open files
      }
    }
    return dir;
  });
}

/**
 * Packs a folder into an ext4 image with room for `roomMb` more megabytes. The file is sparse. Only features
 * that every lab kernel knows; no journal and no checksums, which would need more modules before the root is
 * mounted, and guests throw their writes away.
 */
export async function makeExt4(tree: string, image: string, roomMb: number): Promise<void> {
  const used = Number((await run('du', ['-sm', '--apparent-size', tree])).split('\t')[0]);
  const features = '^has_journal,^metadata_csum,^metadata_csum_seed,^orphan_file';
  // A quarter more: small files round up to blocks, and inodes take room.
  const size = `${Math.ceil(used * 1.25) + roomMb}M`;
  await run('mke2fs', ['-q', '-t', 'ext4', '-O', features, '-m', '0', '-i', '8192', '-d', tree, image, size]);
}
