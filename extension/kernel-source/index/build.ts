import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BuildFacts } from '../kbuild/build-facts.ts';
import { scanFile } from '../scan/scan-file.ts';
import { Collector } from './collector.ts';
import type { IndexColumns } from './columns.ts';
import { listTree } from './source-files.ts';

export interface BuildProgress {
  done: number;
  total: number;
}

export interface BuildEvents {
  /** Called every few hundred files. @throws to cancel */
  onProgress?: (progress: BuildProgress) => void;
  /** Called once, with the index of what deals with packets. */
  onNetworking?: (columns: IndexColumns) => void;
}

const PROGRESS_EVERY = 256;

/**
 * Indexes a checkout, networking first. Blocks the thread for seconds: it belongs in a worker.
 * @throws what `onProgress` throws; a file that cannot be read is left out
 */
export function buildIndex(root: string, events: BuildEvents = {}): IndexColumns {
  const tree = listTree(root);
  const facts = new BuildFacts();
  const read = (path: string) => textOf(root, path);
  for (const path of tree.makefiles) facts.addMakefile(path, read(path), read);
  for (const path of tree.kconfigs) facts.addKconfig(read(path));
  const collector = new Collector();
  const objects = (path: string) => facts.encode(path);
  for (const [done, path] of tree.sources.entries()) {
    if (done % PROGRESS_EVERY === 0) events.onProgress?.({ done, total: tree.sources.length });
    if (done === tree.networking && events.onNetworking !== undefined)
      events.onNetworking(collector.index(objects));
    addFile(collector, root, path);
  }
  return collector.index(objects);
}

function addFile(collector: Collector, root: string, path: string): void {
  const file = join(root, path);
  let stamp: { modified: number; size: number };
  let bytes: Buffer;
  try {
    const { mtimeMs, size } = statSync(file);
    stamp = { modified: mtimeMs, size };
    bytes = readFileSync(file);
  } catch {
    return; // gone since it was listed, or not readable: not in the index
  }
  collector.add(path, stamp, scanFile(bytes, path.endsWith('.h')));
}

/** Empty for a file that is not there. */
function textOf(root: string, path: string): string {
  try {
    return readFileSync(join(root, path), 'latin1');
  } catch {
    return '';
  }
}
