/**
 * The thread that reads debug information: its reads of files of hundreds of megabytes block. Bundled to
 * dist/kernel-lines-worker.cjs; `workerData` is SymbolizerOptions.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { CodePlace } from './match-function.ts';
import { Symbolizer, type SymbolizerOptions, type LineAnswer } from './symbolizer.ts';

/** `end`: close files, end tools and the thread. */
export type SymbolizerRequest = { id: number; place: CodePlace } | 'end';

export interface SymbolizerReply {
  id: number;
  answer: LineAnswer;
}

const lines = new Symbolizer(workerData as SymbolizerOptions);

parentPort?.on('message', (request: SymbolizerRequest) => {
  if (request === 'end') {
    parentPort?.close();
    void lines.dispose();
    return;
  }
  const { id, place } = request;
  void lines
    .resolve(place)
    .then((answer) => parentPort?.postMessage({ id, answer } satisfies SymbolizerReply));
});
