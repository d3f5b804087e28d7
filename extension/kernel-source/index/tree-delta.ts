import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionFact } from '../c/scanner/facts.ts';
import { SourceReader } from '../checkout/read-source-file.ts';
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
  const removed = others.filter((path) => statOf(root, path) === undefined);
  const paths = [...sources, ...others].filter((path) => isChanged(root, path, index));
  if (removed.length + paths.length > CHANGED_MAX) return undefined;
  const reader = new SourceReader(root);
  return { removed, changed: paths.flatMap((path) => scanned(reader, path)) };
}

function isChanged(root: string, path: string, index: SourceIndex): boolean {
  const fileStamp = index.fileStamp(path);
  const stat = statOf(root, path);
  if (stat === undefined) return false; // gone since it was listed
  return fileStamp?.modified !== stat.mtimeMs || fileStamp.size !== stat.size;
}

/** Undefined for what is not there, or was in a folder that is a file now, or may not be looked at. */
function statOf(root: string, path: string): Stats | undefined {
  try {
    return statSync(join(root, path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function scanned(reader: SourceReader, path: string): TreeDelta['changed'] {
  const file = reader.read(path);
  return file === undefined ? [] : [{ path, functions: scanFile(file.bytes, path.endsWith('.h')).functions }];
}
