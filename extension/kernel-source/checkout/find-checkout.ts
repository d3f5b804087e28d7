/**
 * The checkout as such: where it is, which kernel it is of (skew.ts), what its branch changed (changed-functions.ts,
 * by git.ts). Folders come in; a root, a verdict or functions go out. Read this file first.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that only the root of a Linux kernel tree has together. */
const LANDMARKS = ['Kbuild', 'MAINTAINERS', 'net/core/skbuff.c'];

export async function isKernelTree(dir: string): Promise<boolean> {
  const found = LANDMARKS.map((name) => access(join(dir, name)));
  return (await Promise.allSettled(found)).every((result) => result.status === 'fulfilled');
}

/**
 * The first kernel tree among the folders, or directly inside one of them (`~/src` with `~/src/linux` in it).
 * A folder that is a tree itself goes before one that contains a tree.
 */
export async function findCheckout(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) if (await isKernelTree(folder)) return folder;
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    // A link to a folder counts, so what is not a plain file is tried.
    const names = entries.filter((entry) => !entry.isFile() && !entry.name.startsWith('.'));
    for (const { name } of names.sort((a, b) => a.name.localeCompare(b.name))) {
      if (await isKernelTree(join(folder, name))) return join(folder, name);
    }
  }
  return undefined;
}
