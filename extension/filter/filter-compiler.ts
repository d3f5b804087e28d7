/**
 * pcap filters. A text comes in; the programs that a trace loads go out, a verdict, and what is wrong where. Read
 * this file first: README.md has the way from a text to its verdict, and what each folder is for.
 */
import type { CbpfInstruction, CompiledFilter } from '../../common/protocol.ts';
import { cancelled, PacketTraceError } from '../base/errors.ts';
import { CompileThread } from './compile-thread.ts';
import type { FilterAnalysis, FilterDiagnostic } from './diagnostics/diagnostic.ts';
import type { CompileResult, LinkType } from './libpcap/compile.ts';
import {
  everyPacket,
  judge,
  refuse,
  remedies,
  type CompileAnswer,
  type FilterVerdict,
} from './libpcap/verdict.ts';

/** Beyond this a text is no filter, but a file pasted by mistake. */
const MAX_FILTER_BYTES = 1024 * 1024;
/** How much of a filter an error message shows. */
const SHOWN_CHARACTERS = 200;

/** In milliseconds, for both link types together. libpcap's optimiser is superlinear, its code generator is not far from it. */
const defaultDeadlines = { optimized: 3000, plain: 10_000 };
/** A longer filter is hardly written by hand: of it libpcap's own message is shown. */
const MAX_DIAGNOSED_CHARACTERS = 4000;
const DIAGNOSIS_DEADLINE_MS = 1000;

/** libpcap's own answers for each link type, without the plain program in place of an optimised one. */
export interface FilterInspection {
  results: Record<LinkType, CompileResult>;
  diagnostics: FilterDiagnostic[];
}

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
    const { verdict, answer } = await this.evaluateInTurn(text, signal ? [signal] : []);
    if (!verdict.ok || answer === undefined) throw refusedFilter(text, verdict);
    const l2 = answer.tracedL2 ?? answer.l2;
    return {
      l2: l2.ok ? l2.instructions : null,
      l3: answer.l3.ok ? answer.l3.instructions : null,
    };
  }

  /**
   * The program of a filter for packets of one link type.
   * @throws PacketTraceError `filter` with libpcap's text when no such packet can match it, `cancelled`, `internal`.
   */
  async compileFor(link: LinkType, text: string, signal?: AbortSignal): Promise<CbpfInstruction[]> {
    const { verdict, answer } = await this.evaluateInTurn(text, signal ? [signal] : []);
    const result = link === 'EN10MB' ? answer?.l2 : answer?.l3;
    if (!verdict.ok || result === undefined) throw refusedFilter(text, verdict);
    if (!result.ok) throw refusedFilter(text, { message: result.message, remedy: '' });
    return result.instructions;
  }

  /**
   * What is to be said about a filter while it is typed. A newer check cancels this one.
   * @throws PacketTraceError `cancelled`, `internal`; a bad filter is a verdict.
   */
  async check(text: string, signal?: AbortSignal): Promise<FilterVerdict> {
    const signals = this.newest(signal);
    if (text.trim() === '') return everyPacket;
    return (await this.evaluateInTurn(text, signals)).verdict;
  }

  /**
   * The verdict with what is wrong where, and how to mend it. A newer analysis or check cancels this one.
   * @throws PacketTraceError `cancelled`, `internal`
   */
  async analyse(text: string, signal?: AbortSignal): Promise<FilterAnalysis> {
    const signals = this.newest(signal);
    if (text.trim() === '') return { verdict: everyPacket, diagnostics: [] };
    return this.enqueue(signals, async (one) => {
      const { verdict, answer } = await this.evaluate(text, one);
      const diagnostics = answer?.optimized === true ? await this.diagnose(text, one) : [];
      if (!verdict.ok && !diagnostics.some(({ severity }) => severity === 'error'))
        diagnostics.unshift(refusal(text, verdict, answer));
      return { verdict, diagnostics };
    });
  }

  /**
   * What libpcap answers, exactly; past the deadline a refusal that says so.
   * @throws PacketTraceError `cancelled`, `internal`
   */
  inspect(text: string, options: { optimize: boolean }, signal?: AbortSignal): Promise<FilterInspection> {
    return this.enqueue(signal ? [signal] : [], async (one) => {
      const deadline = options.optimize ? this.deadlines.optimized : this.deadlines.plain;
      const answer = await this.thread.run('compile', { text, ...options }, deadline, one);
      const late: CompileResult = {
        ok: false,
        message: `compiling it took longer than ${deadline / 1000} seconds`,
        range: null,
        unresolved: [],
        tooLarge: true,
      };
      const results = { EN10MB: answer?.l2 ?? late, RAW: answer?.l3 ?? late };
      return { results, diagnostics: answer ? await this.diagnose(text, one) : [] };
    });
  }

  /** Ends the worker and cancels what still waits. */
  async dispose(): Promise<void> {
    this.disposal.abort();
    await this.thread.dispose();
  }

  /** The signals of a check, which is from now on the one that a newer cancels. */
  private newest(signal: AbortSignal | undefined): AbortSignal[] {
    this.newestCheck.abort();
    this.newestCheck = new AbortController();
    return [this.newestCheck.signal, ...(signal ? [signal] : [])];
  }

  private evaluateInTurn(text: string, signals: AbortSignal[]): Promise<Evaluation> {
    return this.enqueue(signals, (signal) => this.evaluate(text, signal));
  }

  private enqueue<T>(signals: AbortSignal[], work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.any([this.disposal.signal, ...signals]);
    const result = this.queue.then(() => {
      if (signal.aborted) throw cancelled();
      return work(signal);
    });
    this.queue = result.catch(() => undefined); // its caller hears of it
    return result;
  }

  private async diagnose(text: string, signal: AbortSignal): Promise<FilterDiagnostic[]> {
    if (text.length > MAX_DIAGNOSED_CHARACTERS) return [];
    if (signal.aborted) throw cancelled();
    return (await this.thread.run('diagnose', { text }, DIAGNOSIS_DEADLINE_MS, signal)) ?? [];
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
    if (signal.aborted) throw cancelled();
    const results = await this.thread.run('compile', { text, optimize: optimized }, deadline, signal);
    return results && { ...results, optimized };
  }
}

function refusedFilter(text: string, { message, remedy }: Pick<FilterVerdict, 'message' | 'remedy'>) {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return new PacketTraceError('filter', `The filter "${shown}" is refused: ${message}.`, remedy);
}

function tooLarge({ l2, l3, tracedL2 = l2 }: CompileAnswer): boolean {
  return [l2, l3, tracedL2].some((result) => !result.ok && result.tooLarge);
}

/** What there is to show without a diagnosis. */
function refusal(
  text: string,
  { message, remedy }: FilterVerdict,
  answer: CompileAnswer | undefined,
): FilterDiagnostic {
  const range = (answer?.l2.ok === false ? answer.l2.range : null) ?? { start: 0, end: text.length };
  return { ...range, severity: 'error', code: 'refused', message: `${message}. ${remedy}`, fixes: [] };
}
