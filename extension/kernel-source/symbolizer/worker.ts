/**
 * The thread that reads debug information: its reads of files of hundreds of megabytes block. Bundled to
 * dist/kernel-lines-worker.cjs; `workerData` is KernelLinesOptions.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { KernelLines, type KernelLinesOptions, type LineAnswer } from './symbolizer.ts';
import type { CodePlace } from './match-function.ts';

/** `end`: close files, end tools and the thread. */
export type LinesRequest = { id: number; place: CodePlace } | 'end';

export interface LinesReply {
  id: number;
  answer: LineAnswer;
}

const lines = new KernelLines(workerData as KernelLinesOptions);

parentPort?.on('message', (request: LinesRequest) => {
  if (request === 'end') {
    parentPort?.close();
    void lines.dispose();
    return;
  }
  const { id, place } = request;
  void lines.resolve(place).then((answer) => parentPort?.postMessage({ id, answer } satisfies LinesReply));
});
