/** The agent's side of the conversation: requests in, messages out, and at its end no probe left behind. */
import { btfFacts } from './btf/btf-facts.ts';
import { readKernelBtf } from './btf/kernel-btf.ts';
import { findDirectReads } from './btf/find-direct-reads.ts';
import { checkTarget, readFacts } from './modes/check.ts';
import { FunctionCounts } from './modes/count.ts';
import { requireMatching } from './modes/require-traceable.ts';
import { asAgentError, AgentFailure, ProtocolError } from '../common/errors.ts';
import { parseRequest } from '../common/messages.ts';
import { matchPackets } from './modes/match.ts';
import type { Output } from './events/output.ts';
import {
  FrameKind,
  SILENCE_ENDS_MS,
  SILENCE_PAUSES_MS,
  type CountRequest,
  type End,
  type FilterRequest,
  type MatchRequest,
  type PlanRequest,
  type Progress,
  type Request,
  type StartRequest,
} from '../common/protocol.ts';
import { describePlanned } from './plan/role.ts';
import { Trace } from './trace.ts';

const HEARTBEAT_CHECK_MS = 250;

/** The editor asked for what cannot be. @param what a sentence */
export function protocolFailure(what: string): AgentFailure {
  const remedy = 'Start the trace again; if that does not help, please report it.';
  return new AgentFailure('protocol', what, remedy);
}

const NO_TRACE: End = { type: 'end', why: 'stop', events: 0, lost: 0, milliseconds: { detach: 0 } };

export class AgentSession {
  /** Set from the start request until the trace has ended; aborting cancels a trace that is not armed yet. */
  #starting: AbortController | undefined;
  #trace: Trace | undefined;
  #counts: FunctionCounts | undefined;
  #directReads: Promise<ReturnType<typeof findDirectReads>> | undefined;
  /** One request is worked on at a time. */
  #work: Promise<void> = Promise.resolve();
  /** Checks in a row that found nothing heard since the one before. */
  #silentChecks = 0;
  /**
   * Time in which this thread was blocked, as by attaching, does not count: pings wait unread then. Between two
   * checks waiting input is read.
   */
  readonly #heartbeat = setInterval(() => {
    const silence = ++this.#silentChecks * HEARTBEAT_CHECK_MS;
    if (silence > SILENCE_ENDS_MS) this.silent();
    else if (silence > SILENCE_PAUSES_MS) this.#trace?.pauses.pause('silence');
  }, HEARTBEAT_CHECK_MS);

  /** @param silent called when nothing was heard of the editor for so long that it is taken for gone */
  constructor(
    private readonly output: Output,
    private readonly silent: () => void,
  ) {}

  /** A frame from the editor. */
  receive(kind: FrameKind, payload: Uint8Array): void {
    this.#silentChecks = 0;
    this.#next(() => this.#trace?.pauses.resume('silence'));
    let request: Request;
    try {
      if (kind !== FrameKind.Json) throw new ProtocolError('requests are JSON');
      request = parseRequest(payload);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#fail(protocolFailure(`The agent refuses a request: ${what}.`));
      return;
    }
    switch (request.type) {
      case 'ping':
        break;
      case 'check':
        this.#next(async () => {
          this.output.send({ type: 'check', items: await checkTarget((btf) => Trace.rehearse(btf)) });
        });
        break;
      case 'plan':
        this.#next(() => this.#plan(request));
        break;
      case 'count':
        this.#next(() => this.#count(request));
        break;
      case 'counts':
        this.#next(() => this.#endCount());
        break;
      case 'start':
        this.#next(() => this.#start(request));
        break;
      case 'filter':
        this.#next(() => this.#changeFilter(request));
        break;
      case 'match':
        this.#next(() => this.#match(request));
        break;
      case 'pause':
        this.#next(() => this.#running('that could be paused').pauses.pause('request'));
        break;
      case 'resume':
        this.#next(() => this.#running('that could go on').pauses.resume('request'));
        break;
      case 'stop':
        this.#starting?.abort();
        this.#next(() => this.#stop());
        break;
    }
  }

  /** Disarms every probe, armed or on its way. */
  async detach(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#starting?.abort();
    await this.#work;
    await this.#trace?.detach();
    await this.#counts?.detach();
  }

  #next(work: () => void | Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#fail(error);
    });
  }

  #fail(error: unknown): void {
    this.output.send(asAgentError(error));
  }

  async #start(request: StartRequest): Promise<void> {
    if (this.#trace !== undefined) throw protocolFailure('A trace runs already on this connection.');
    await this.#cancellable(async (signal) => {
      this.#trace = await Trace.start(request, this.output, signal);
    });
  }

  /** Until it settles a stop, or the end of the connection, cancels it; then it has failed in vain. */
  async #cancellable(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const starting = new AbortController();
    this.#starting = starting;
    try {
      await work(starting.signal);
    } catch (error) {
      if (!starting.signal.aborted) throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  #progress(stage: Progress['stage']): (done: number, total: number) => void {
    return (done, total) => {
      this.output.send({ type: 'progress', stage, done, total });
    };
  }

  async #plan(request: PlanRequest): Promise<void> {
    await this.#cancellable(async (signal) => {
      const plan = await Trace.plan(request, 'auto', signal, this.#progress('scan'));
      const { skipped } = plan;
      this.output.send({ type: 'plan', functions: plan.functions.map(describePlanned), skipped });
    });
  }

  async #count(request: CountRequest): Promise<void> {
    if (this.#counts !== undefined) throw protocolFailure('Functions are being counted already.');
    await this.#cancellable(async (signal) => {
      const { backend } = request;
      const plan = await Trace.plan(request, backend, signal, this.#progress('scan'));
      const onProgress = this.#progress('attach');
      this.#counts = await FunctionCounts.start(plan, { backend, signal, onProgress });
      this.output.send(this.#counts.counting);
    });
  }

  async #endCount(): Promise<void> {
    const counts = this.#counts;
    this.#counts = undefined;
    if (counts === undefined) throw protocolFailure('No functions are being counted.');
    this.output.send(await counts.stop());
  }

  #changeFilter(request: FilterRequest): void {
    try {
      this.output.send(this.#running('that could change its filter').changeFilter(request));
    } catch (error) {
      this.output.send({ ...asAgentError(error), generation: request.generation });
    }
  }

  async #match({ filter, packets }: MatchRequest): Promise<void> {
    // Packets come in many requests, and the kernel's types stay as they are.
    this.#directReads ??= readKernelBtf().then((btf) => {
      requireMatching(readFacts(btfFacts(btf)));
      return findDirectReads(btf);
    });
    const directReads = await this.#directReads;
    const decisions = matchPackets(
      filter,
      packets.map(({ link, data, length }) => ({ link, data: Buffer.from(data, 'base64'), length })),
      directReads,
    );
    const matches = [...decisions.keys()].filter((index) => decisions[index] !== 0);
    this.output.send({ type: 'matched', matches });
  }

  async #stop(): Promise<void> {
    const trace = this.#trace;
    this.#trace = undefined;
    this.output.send(trace === undefined ? NO_TRACE : await trace.stop());
  }

  /** @param what of a trace is asked for, to be told where there is none */
  #running(what: string): Trace {
    if (this.#trace === undefined) throw protocolFailure(`No trace runs on this connection ${what}.`);
    return this.#trace;
  }
}
