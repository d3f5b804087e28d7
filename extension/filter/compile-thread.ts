import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { cancelled, PacketTraceError } from '../base/errors.ts';
import type { WorkerMessage, WorkerTasks } from './worker.ts';

/** libpcap recurses once per block of a filter: 4 MB, the default, ends at some hundred hosts. */
const STACK_MB = 64;

/** A worker thread of dist/filter-worker.cjs, started on first use and again after its end. */
export class CompileThread {
  private worker: Worker | undefined;
  private ending: Promise<unknown> = Promise.resolve();

  constructor(private readonly distDir: string) {}

  /**
   * Does one task; the caller sees to it that there is one request at a time. Settles with undefined
   * when it took longer than the deadline, counted from when the loaded worker begins; the worker has then
   * been ended, as it is on cancellation.
   * @throws PacketTraceError `cancelled`, or `internal` when the worker died.
   */
  run<Task extends keyof WorkerTasks>(
    task: Task,
    request: WorkerTasks[Task]['request'],
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<WorkerTasks[Task]['answer'] | undefined> {
    const worker = (this.worker ??= this.start());
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (then: () => void) => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        signal.removeEventListener('abort', onAbort);
        worker.unref();
        then();
      };
      const end = (then: () => void) => {
        settle(then);
        this.end(worker); // after unref(), which would let the process go before the thread is gone
      };
      const onMessage = (message: WorkerMessage) => {
        if (message === 'started') timer = setTimeout(() => end(() => resolve(undefined)), deadlineMs);
        else settle(() => resolve(message));
      };
      const onError = (error: Error) => end(() => reject(died(error.message, error)));
      const onExit = (code: number) => end(() => reject(died(`exit code ${code}`)));
      const onAbort = () => end(() => reject(cancelled()));
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      signal.addEventListener('abort', onAbort);
      worker.ref(); // a waiting request keeps the process alive, an idle worker does not
      worker.postMessage({ task, ...request });
    });
  }

  /** Settles when the thread is gone. */
  async dispose(): Promise<void> {
    if (this.worker !== undefined) this.end(this.worker);
    await this.ending;
  }

  private start(): Worker {
    const worker = new Worker(join(this.distDir, 'filter-worker.cjs'), {
      workerData: this.distDir,
      resourceLimits: { stackSizeMb: STACK_MB },
    });
    // One that dies between requests: the next request starts another.
    worker.on('error', () => this.end(worker)).on('exit', () => this.end(worker));
    return worker;
  }

  private end(worker: Worker): void {
    if (this.worker === worker) this.worker = undefined;
    this.ending = worker.terminate();
  }
}

function died(why: string, cause?: Error): PacketTraceError {
  return new PacketTraceError(
    'internal',
    `The filter compiler ended while it compiled a filter: ${why}.`,
    'Try again. If it happens again, reinstall the extension: its file dist/filter-worker.cjs or dist/libpcap.wasm may be damaged.',
    cause && { cause },
  );
}
