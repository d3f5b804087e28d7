import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this repository. */
export const repoRoot = resolve(fileURLToPath(import.meta.url), '../..');

/** Where bundles and what they need at run time are built. */
export const distDir = join(repoRoot, 'dist');

/** A folder for big, rebuildable things (packages, images, sources); made on first use. */
export function cacheDir(...parts: string[]): string {
  const root = process.env.KPT_CACHE ?? join(homedir(), '.cache', 'kernel-packet-trace');
  const dir = join(root, ...parts);
  mkdirSync(dir, { recursive: true });
  return dir;
}
