import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WorkerMessage, WorkerTask } from './worker.ts';

/** What the thread's heap may take; with its buffers the thread stays below 400 MB. */
const LIMITS = { maxOldGenerationSizeMb: 230, maxYoungGenerationSizeMb: 16 };

/**
 * Runs dist/kernel-source-worker.cjs to its end.
 * @param onMessage called in order
 * @throws the signal's reason when it is aborted, or what the thread failed of
 */
export function runIndexThread(
  distDir: string,
  task: WorkerTask,
  onMessage: (message: WorkerMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const worker = new Worker(join(distDir, 'kernel-source-worker.cjs'), {
      workerData: task,
      resourceLimits: LIMITS,
    });
    const onAbort = () => {
      void worker.terminate();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    worker.on('message', onMessage);
    worker.on('error', reject);
    worker.on('exit', () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}
