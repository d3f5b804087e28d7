/** The agent's side of the conversation: requests in, messages out, and at its end no probe left behind. */
import { readKernelBtf } from './btf/kernel-btf.ts';
import { findDirectReads } from './btf/find-direct-reads.ts';
import { checkTarget } from './modes/check.ts';
import { asAgentError, AgentFailure } from '../common/errors.ts';
import { matchPackets } from './modes/match.ts';
import type { Output } from './events/output.ts';
import {
  FrameKind,
  HEARTBEAT_TIMEOUT_MS,
  type End,
  type FilterRequest,
  type MatchRequest,
  type Request,
  type StartRequest,
} from '../common/protocol.ts';
import { Trace } from './trace.ts';

const HEARTBEAT_CHECK_MS = 250;

const NO_TRACE: End = { type: 'end', why: 'stop', events: 0, lost: 0, milliseconds: { detach: 0 } };

export class AgentSession {
  /** Set from the start request until the trace has ended; aborting cancels a trace that is not armed yet. */
  #starting: AbortController | undefined;
  #trace: Trace | undefined;
  #directReads: Promise<ReturnType<typeof findDirectReads>> | undefined;
  /** One request is worked on at a time. */
  #work: Promise<void> = Promise.resolve();
  /** Checks in a row that found nothing heard since the one before. */
  #silentChecks = 0;
  #heartbeat: NodeJS.Timeout | undefined;

  /** @param silent called when nothing was heard of the editor for too long while a trace runs */
  constructor(
    private readonly output: Output,
    private readonly silent: () => void,
  ) {}

  /** A frame from the editor. */
  receive(kind: FrameKind, payload: Uint8Array): void {
    this.#silentChecks = 0;
    const request = parseRequest(kind, payload);
    if (request === undefined) {
      this.#fail(new AgentFailure('protocol', 'The agent got a request that it does not know.'));
      return;
    }
    switch (request.type) {
      case 'ping':
        break;
      case 'check':
        this.#next(async () => {
          this.output.send({ type: 'check', items: await checkTarget() });
        });
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
      case 'stop':
        this.#starting?.abort();
        this.#next(() => this.#stop());
        break;
    }
  }

  /** Disarms every probe, armed or on its way. */
  async detach(): Promise<void> {
    this.#starting?.abort();
    await this.#work;
    await this.#trace?.detach();
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
    if (this.#trace !== undefined)
      throw new AgentFailure('protocol', 'A trace runs already on this connection.');
    const starting = new AbortController();
    this.#starting = starting;
    this.#watchHeartbeat();
    try {
      this.#trace = await Trace.start(request, this.output, starting.signal);
    } catch (error) {
      clearInterval(this.#heartbeat);
      if (!starting.signal.aborted) throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  #changeFilter(request: FilterRequest): void {
    try {
      if (this.#trace === undefined)
        throw new AgentFailure('protocol', 'No trace runs on this connection that could change its filter.');
      this.output.send(this.#trace.changeFilter(request));
    } catch (error) {
      this.output.send({ ...asAgentError(error), generation: request.generation });
    }
  }

  async #match({ filter, packets }: MatchRequest): Promise<void> {
    // Packets come in many requests, and the kernel's types stay as they are.
    this.#directReads ??= readKernelBtf().then(findDirectReads);
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
    clearInterval(this.#heartbeat);
    this.output.send(trace === undefined ? NO_TRACE : await trace.stop());
  }

  /**
   * Time in which this thread was blocked, as by attaching, does not count: pings wait unread then. Between two
   * checks waiting input is read.
   */
  #watchHeartbeat(): void {
    this.#silentChecks = 0;
    this.#heartbeat = setInterval(() => {
      if (++this.#silentChecks > HEARTBEAT_TIMEOUT_MS / HEARTBEAT_CHECK_MS) this.silent();
    }, HEARTBEAT_CHECK_MS);
  }
}

function parseRequest(kind: FrameKind, payload: Uint8Array): Request | undefined {
  if (kind !== FrameKind.Json) return undefined;
  try {
    const request = JSON.parse(Buffer.from(payload).toString()) as Request;
    return ['check', 'match', 'start', 'filter', 'stop', 'ping'].includes(request.type) ? request : undefined;
  } catch {
    return undefined;
  }
}
