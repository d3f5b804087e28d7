import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CodePlace } from './match-function.ts';
import type { SymbolizerOptions, LineAnswer } from './symbolizer.ts';
import type { SymbolizerReply, SymbolizerRequest } from './worker.ts';

/** Open debug files and the tools' indexes of them are too much to keep for a question that may come. */
const IDLE_MS = 60_000;

/** Symbolizer in a thread of its own, which starts at the first question and ends when no more come. */
export class SymbolizerThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, (answer: LineAnswer) => void>();
  private questions = 0;
  private idle: NodeJS.Timeout | undefined;

  /** @param distDir the folder with kernel-lines-worker.cjs */
  constructor(
    private readonly distDir: string,
    private readonly options: SymbolizerOptions,
  ) {}

  /** Never rejects: whatever goes wrong is the answer's reason. */
  resolve(place: CodePlace): Promise<LineAnswer> {
    this.worker ??= this.start();
    clearTimeout(this.idle);
    const id = this.questions++;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.worker?.postMessage({ id, place } satisfies SymbolizerRequest);
    });
  }

  /** Lets go of files, tools and the thread; another question starts it again. */
  stop(): void {
    this.worker?.postMessage('end' satisfies SymbolizerRequest);
    this.leave('It was stopped.');
  }

  private start(): Worker {
    const worker = new Worker(join(this.distDir, 'kernel-lines-worker.cjs'), { workerData: this.options });
    worker.on('message', ({ id, answer }: SymbolizerReply) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
      clearTimeout(this.idle);
      if (this.waiting.size === 0) this.idle = setTimeout(() => this.stop(), IDLE_MS).unref();
    });
    worker.on('error', (error) => {
      if (this.worker === worker) this.leave(`The debug information cannot be read: ${error.message}.`);
    });
    return worker;
  }

  private leave(reason: string): void {
    clearTimeout(this.idle);
    this.worker = undefined;
    for (const resolve of this.waiting.values()) resolve({ kind: 'definition', reason });
    this.waiting.clear();
  }
}
