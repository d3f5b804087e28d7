/**
 * The thread that runs libpcap: its optimiser may take minutes, and a thread can be ended. Bundled to
 * dist/filter-worker.cjs; `workerData` is the folder it lies in.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { compileWith, type CompileResult, type FilterLibrary } from './compile.ts';
import type { NameTables } from './names.ts';

export interface WorkerRequest {
  text: string;
  optimize: boolean;
}

/** `started`: the worker is loaded and begins with the request. */
export type WorkerMessage = 'started' | { l2: CompileResult; l3: CompileResult };

const distDir = workerData as string;
const library: FilterLibrary = {
  module: new WebAssembly.Module(readFileSync(join(distDir, 'libpcap.wasm'))),
  names: JSON.parse(readFileSync(join(distDir, 'netbase.json'), 'utf8')) as NameTables,
};

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', ({ text, optimize }: WorkerRequest) => {
  send('started');
  send({
    l2: compileWith(library, text, 'EN10MB', { optimize }),
    l3: compileWith(library, text, 'RAW', { optimize }),
  });
});
