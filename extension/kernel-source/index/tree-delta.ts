import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionFact } from '../c/scanner/facts.ts';
import { scanFile } from '../c/scanner/scan-file.ts';
import { listTree } from './source-files.ts';
import type { SourceIndex } from './source-index.ts';

/** What is different in a checkout from its index. */
export interface TreeDelta {
  removed: string[];
  changed: { path: string; functions: FunctionFact[] }[];
}

/** More changed files than this are another branch or release: the index is made anew. */
const CHANGED_MAX = 500;

/**
 * Compares a checkout with its index by the files' times and sizes, and scans what is different. Blocks the
 * thread for about a second.
 * @returns undefined when so much is different that the index has to be made anew
 */
export function findDelta(root: string, index: SourceIndex): TreeDelta | undefined {
  const { sources } = listTree(root);
  const listed = new Set(sources);
  // Besides those listed the index has what is taken from folders that are left out.
  const others = index.allPaths().filter((path) => !listed.has(path));
  const removed = others.filter((path) => !existsSync(join(root, path)));
  const paths = [...sources, ...others].filter((path) => isChanged(root, path, index));
  if (removed.length + paths.length > CHANGED_MAX) return undefined;
  return { removed, changed: paths.flatMap((path) => scanned(root, path)) };
}

function isChanged(root: string, path: string, index: SourceIndex): boolean {
  const fileStamp = index.fileStamp(path);
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) return false; // gone since it was listed
  return fileStamp?.modified !== stat.mtimeMs || fileStamp.size !== stat.size;
}

function scanned(root: string, path: string): TreeDelta['changed'] {
  try {
    const { functions } = scanFile(readFileSync(join(root, path)), path.endsWith('.h'));
    return [{ path, functions }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
