/**
 * The thread that makes and refreshes the index of one checkout. Bundled to dist/kernel-source-worker.cjs;
 * it ends when it is done.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { buildIndex, type BuildProgress } from './build.ts';
import { loadIndex, saveIndex } from './cache-file.ts';
import { columnBuffers, type IndexColumns } from './columns.ts';
import { SourceIndex } from './source-index.ts';
import { findDelta, type TreeDelta } from './tree-delta.ts';

export interface WorkerTask {
  root: string;
  cacheFile: string;
  /** Make the index anew whatever the cache file has. */
  anew?: boolean;
}

/** What making an index took. */
export interface BuildFigures {
  networkingMs: number;
  milliseconds: number;
  cpuMs: number;
  cacheBytes: number;
}

/** `delta`: the index of the cache file still holds, with these differences. */
export type WorkerMessage =
  | { type: 'progress'; progress: BuildProgress }
  | { type: 'networking'; columns: IndexColumns }
  | { type: 'index'; columns: IndexColumns; figures: BuildFigures }
  | { type: 'delta'; delta: TreeDelta };

async function run({ root, cacheFile, anew }: WorkerTask): Promise<void> {
  const send = (message: WorkerMessage, transfer: readonly ArrayBuffer[] = []) =>
    parentPort?.postMessage(message, transfer);
  const cached = anew === true ? undefined : await loadIndex(cacheFile, root);
  const delta = cached && findDelta(root, new SourceIndex(cached));
  if (delta !== undefined) {
    send({ type: 'delta', delta });
    return;
  }
  const started = performance.now();
  let networkingMs = 0;
  const columns = buildIndex(root, {
    onProgress: (progress) => send({ type: 'progress', progress }),
    onNetworking: (networking) => {
      networkingMs = performance.now() - started;
      send({ type: 'networking', columns: networking }, columnBuffers(networking));
    },
  });
  const milliseconds = performance.now() - started;
  const { user, system } = process.cpuUsage();
  const cacheBytes = await saveIndex(cacheFile, root, columns);
  const figures = { networkingMs, milliseconds, cpuMs: (user + system) / 1000, cacheBytes };
  send({ type: 'index', columns, figures }, columnBuffers(columns));
}

void run(workerData as WorkerTask);
