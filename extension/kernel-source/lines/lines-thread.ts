import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { KernelLinesOptions, LineAnswer } from './kernel-lines.ts';
import type { CodePlace } from './match-function.ts';
import type { LinesReply, LinesRequest } from './worker.ts';

/** KernelLines in a thread of its own, which starts at the first question. */
export class LinesThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, (answer: LineAnswer) => void>();
  private questions = 0;

  /** @param distDir the folder with kernel-lines-worker.cjs */
  constructor(
    private readonly distDir: string,
    private readonly options: KernelLinesOptions,
  ) {}

  /** Never rejects: whatever goes wrong is the answer's reason. */
  resolve(place: CodePlace): Promise<LineAnswer> {
    this.worker ??= this.start();
    const id = this.questions++;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.worker?.postMessage({ id, place } satisfies LinesRequest);
    });
  }

  /** Lets go of files, tools and the thread; another question starts it again. */
  stop(): void {
    this.worker?.postMessage('end' satisfies LinesRequest);
    this.leave('It was stopped.');
  }

  private start(): Worker {
    const worker = new Worker(join(this.distDir, 'kernel-lines-worker.cjs'), { workerData: this.options });
    worker.on('message', ({ id, answer }: LinesReply) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
    worker.on('error', (error) => {
      if (this.worker === worker) this.leave(`The debug information cannot be read: ${error.message}.`);
    });
    return worker;
  }

  private leave(reason: string): void {
    this.worker = undefined;
    for (const resolve of this.waiting.values()) resolve({ kind: 'definition', reason });
    this.waiting.clear();
  }
}
