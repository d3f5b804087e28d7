/**
 * The thread that runs libpcap: its optimiser may take minutes, and a thread can be ended. Bundled to
 * dist/filter-worker.cjs; `workerData` is the folder it lies in.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { diagnose } from './diagnostics/diagnose.ts';
import type { FilterDiagnostic } from './diagnostics/diagnostic.ts';
import { compileWith, type FilterLibrary } from './libpcap/compile.ts';
import type { NameTables } from './libpcap/names.ts';
import type { CompileAnswer } from './libpcap/verdict.ts';

/** What to do with a text, and the answer to it. */
export interface WorkerTasks {
  compile: {
    request: { text: string; optimize: boolean };
    answer: Pick<CompileAnswer, 'l2' | 'l3' | 'tracedL2'>;
  };
  diagnose: { request: { text: string }; answer: FilterDiagnostic[] };
}

export type WorkerRequest = {
  [Task in keyof WorkerTasks]: { task: Task } & WorkerTasks[Task]['request'];
}[keyof WorkerTasks];

/** `started`: the worker is loaded and begins with the request. */
export type WorkerMessage = 'started' | WorkerTasks[keyof WorkerTasks]['answer'];

const distDir = workerData as string;
const library: FilterLibrary = {
  module: new WebAssembly.Module(readFileSync(join(distDir, 'libpcap.wasm'))),
  names: JSON.parse(readFileSync(join(distDir, 'netbase.json'), 'utf8')) as NameTables,
};

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (request: WorkerRequest) => {
  send('started');
  send(request.task === 'diagnose' ? diagnose(library, request.text) : compileBoth(request));
});

function compileBoth({
  text,
  optimize,
}: WorkerTasks['compile']['request']): WorkerTasks['compile']['answer'] {
  return {
    l2: compileWith(library, text, 'EN10MB', { optimize }),
    l3: compileWith(library, text, 'RAW', { optimize }),
    // Without the keyword the same program would come out.
    ...(text.includes('vlan') && {
      tracedL2: compileWith(library, text, 'EN10MB', { optimize, vlanOutside: true }),
    }),
  };
}
