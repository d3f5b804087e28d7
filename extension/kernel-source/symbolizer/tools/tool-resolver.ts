import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { formatKernelAddress } from '../../../../common/kernel-address.ts';
import { LinesError } from '../errors.ts';
import type { RawFrame, Resolver } from '../resolver.ts';
import { ToolAnswers, type Tool, TOOLS } from './answers.ts';

/** The first answer takes longest: the tool reads the index of a vmlinux, a second on a slow disk. */
const ANSWER_MS = 20_000;

interface Waiting {
  resolve: (frames: RawFrame[]) => void;
  reject: (error: Error) => void;
}

/**
 * Asks llvm-symbolizer or eu-addr2line, a process for one file. It ends with its owner: by `dispose`, or when its
 * standard input closes.
 */
export class ToolResolver implements Resolver {
  private child: ChildProcessWithoutNullStreams | undefined;
  private readonly waiting: Waiting[] = [];
  private failure: LinesError | undefined;

  constructor(
    private readonly tool: Tool,
    private readonly path: string,
    private readonly answerMs = ANSWER_MS,
  ) {}

  /** @throws LinesError when the tool does not answer, and for every address after that */
  async resolve(address: number, signal?: AbortSignal): Promise<RawFrame[]> {
    signal?.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    const { stdin } = (this.child ??= this.start());
    const stop = new AbortController();
    const timer = setTimeout(() => this.fail(`no answer in ${this.answerMs / 1000} s`), this.answerMs);
    try {
      return await new Promise<RawFrame[]>((resolve, reject) => {
        const onAbort = () => reject(signal?.reason as Error);
        signal?.addEventListener('abort', onAbort, { signal: stop.signal });
        this.waiting.push({ resolve, reject });
        stdin.write(`${formatKernelAddress(address)}\n0x0\n`);
      });
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  dispose(): void {
    this.fail('it was stopped');
  }

  private start(): ChildProcessWithoutNullStreams {
    // All is in the file: nothing is to be asked of debuginfod's servers.
    const env = { ...process.env, DEBUGINFOD_URLS: '' };
    const child = spawn(this.tool, [...TOOLS[this.tool], this.path], { env });
    // After each address comes one more, only to see where the answer ends: every second answer is for that.
    let wanted = true;
    const answers = new ToolAnswers((frames) => {
      if (wanted) this.waiting.shift()?.resolve(frames);
      wanted = !wanted;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => answers.add(text));
    child.stderr.resume();
    child.stdin.on('error', () => undefined); // it has ended: `close` says so
    child.on('error', (error) => this.fail(error.message));
    child.on('close', (code, signal) => this.fail(`it ended with ${signal ?? code}`));
    return child;
  }

  private fail(reason: string): void {
    this.failure ??= new LinesError(`${this.tool} gives no lines: ${reason}.`);
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
    this.child?.kill('SIGKILL');
  }
}
