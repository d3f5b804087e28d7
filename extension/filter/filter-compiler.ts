import type { CompiledFilter } from '../../remote-agent/protocol.ts';
import { PacketTraceError } from '../errors.ts';
import { CompileThread } from './compile-thread.ts';
import { everyPacket, judge, refuse, remedies, type CompileAnswer, type FilterVerdict } from './verdict.ts';

/** Beyond this a text is no filter, but a file pasted by mistake. */
const MAX_FILTER_BYTES = 1024 * 1024;
/** How much of a filter an error message shows. */
const SHOWN_CHARACTERS = 200;

/** In milliseconds, for both link types together. libpcap's optimiser is superlinear, its code generator is not far from it. */
const defaultDeadlines = { optimized: 3000, plain: 10_000 };

interface Evaluation {
  verdict: FilterVerdict;
  answer: CompileAnswer | undefined;
}

/** Compiles pcap filters with libpcap in a worker thread, one at a time. */
export class FilterCompiler {
  private readonly thread: CompileThread;
  private readonly disposal = new AbortController();
  private queue: Promise<unknown> = Promise.resolve();
  private newestCheck = new AbortController();

  /** @param distDir the folder with filter-worker.cjs, libpcap.wasm and netbase.json */
  constructor(
    distDir: string,
    private readonly deadlines = defaultDeadlines,
  ) {
    this.thread = new CompileThread(distDir);
  }

  /**
   * The programs of a filter for both views of a packet.
   * @throws PacketTraceError `filter` with libpcap's text when no packet can match it, `cancelled`, `internal`.
   */
  async compile(text: string, signal?: AbortSignal): Promise<CompiledFilter> {
    const { verdict, answer } = await this.enqueue(text, signal ? [signal] : []);
    if (!verdict.ok || answer === undefined) {
      const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
      throw new PacketTraceError(
        'filter',
        `The filter "${shown}" is refused: ${verdict.message}.`,
        verdict.remedy,
      );
    }
    return {
      l2: answer.l2.ok ? answer.l2.instructions : null,
      l3: answer.l3.ok ? answer.l3.instructions : null,
    };
  }

  /**
   * What is to be said about a filter while it is typed. A newer check cancels this one.
   * @throws PacketTraceError `cancelled`, `internal`; a bad filter is a verdict.
   */
  async check(text: string, signal?: AbortSignal): Promise<FilterVerdict> {
    this.newestCheck.abort();
    this.newestCheck = new AbortController();
    if (text.trim() === '') return everyPacket;
    const signals = [this.newestCheck.signal, ...(signal ? [signal] : [])];
    return (await this.enqueue(text, signals)).verdict;
  }

  /** Ends the worker and cancels what still waits. */
  async dispose(): Promise<void> {
    this.disposal.abort();
    await this.thread.dispose();
  }

  private enqueue(text: string, signals: AbortSignal[]): Promise<Evaluation> {
    const signal = AbortSignal.any([this.disposal.signal, ...signals]);
    const result = this.queue.then(() => this.evaluate(text, signal));
    this.queue = result.catch(() => undefined); // its caller hears of it
    return result;
  }

  private async evaluate(text: string, signal: AbortSignal): Promise<Evaluation> {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_FILTER_BYTES) {
      const message = `it has ${bytes} bytes, and ${MAX_FILTER_BYTES} are the limit`;
      return {
        verdict: refuse(message, 'Check that it is a filter and not the text of a file.'),
        answer: undefined,
      };
    }
    let answer = await this.attempt(text, true, this.deadlines.optimized, signal);
    if (answer === undefined || tooLarge(answer))
      answer = await this.attempt(text, false, this.deadlines.plain, signal);
    if (answer !== undefined) return { verdict: judge(answer), answer };
    const message = `compiling it took longer than ${this.deadlines.plain / 1000} seconds`;
    return { verdict: refuse(message, remedies.tooLarge), answer: undefined };
  }

  private async attempt(
    text: string,
    optimized: boolean,
    deadline: number,
    signal: AbortSignal,
  ): Promise<CompileAnswer | undefined> {
    if (signal.aborted) throw new PacketTraceError('cancelled', 'Cancelled.');
    const results = await this.thread.run({ text, optimize: optimized }, deadline, signal);
    return results && { ...results, optimized };
  }
}

function tooLarge({ l2, l3 }: CompileAnswer): boolean {
  return [l2, l3].some((result) => !result.ok && result.tooLarge);
}
