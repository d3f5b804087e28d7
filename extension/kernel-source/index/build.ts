/**
 * The index of a checkout. A tree comes in; columns that tell where each function is defined go out, kept in a file
 * (cache-file.ts) and compared with the tree (tree-delta.ts). Read this file first, then collector.ts, which makes
 * the columns, and source-index.ts, which looks things up. All that takes long runs in worker.ts.
 */
import { SourceReader } from '../checkout/read-source-file.ts';
import { scanFile } from '../c/scanner/scan-file.ts';
import { BuildFacts } from '../kbuild/build-facts.ts';
import { compactKconfig } from '../kconfig/compact.ts';
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
 * @throws what `onProgress` throws, and when the root is not there; a file that cannot be read is left out
 */
export function buildIndex(root: string, events: BuildEvents = {}): IndexColumns {
  const tree = listTree(root);
  const facts = new BuildFacts();
  const reader = new SourceReader(root);
  const read = (path: string) => reader.text(path);
  for (const path of tree.makefiles) facts.addMakefile(path, read(path), read);
  const collector = new Collector();
  for (const path of tree.kconfigs) collector.addKconfig(path, compactKconfig(read(path)));
  const objects = (path: string) => facts.encode(path);
  const addFile = (path: string) => {
    const file = reader.read(path);
    // One that is gone since it was listed, or not readable, is not in the index.
    if (file !== undefined) collector.add(path, file.stamp, scanFile(file.bytes, path.endsWith('.h')));
  };
  for (const [done, path] of tree.sources.entries()) {
    if (done % PROGRESS_EVERY === 0) events.onProgress?.({ done, total: tree.sources.length });
    if (done === tree.networking && events.onNetworking !== undefined)
      events.onNetworking(collector.index(objects));
    addFile(path);
  }
  for (const path of collector.missingSources(facts.sourcesByRule)) addFile(path);
  return collector.index(objects);
}
