/**
 * The capture engine: drives one agent over its connection and keeps what it sends. It knows neither SSH nor
 * VS Code; any `AgentConnection` will do.
 */
import { EventEmitter } from 'node:events';
import type {
  Attached,
  End,
  Hello,
  KernelBuild,
  KernelLocation,
  Message,
  Progress,
} from '../../common/protocol.ts';
import { cancelled, PacketTraceError } from '../base/errors.ts';
import type { AgentClosed, AgentConnection } from '../target/connection.ts';
import { AgentClient } from './agent-client.ts';
import { agentDidNotStart, fromAgentError, lostAgent, unheard } from './agent-errors.ts';
import type {
  Capture,
  CaptureEnd,
  CaptureEvents,
  CaptureOptions,
  EventStore,
  Trajectories,
} from '../recording/capture.ts';
import { ColumnStore } from '../recording/event-store.ts';
import { FilterChanges } from './filter-changes.ts';
import type { CaptureFilter, WantedFilter } from '../recording/filters.ts';
import type { FunctionCounts } from '../recording/capture.ts';
import { Symbols } from '../recording/symbols.ts';

/** Detaching thousands of kprobes on a slow, old kernel takes seconds. */
const STOP_TIMEOUT_MS = 30_000;
/** After an error message the agent ends by itself. */
const ERROR_TIMEOUT_MS = 5000;

export interface StartHooks {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Starts a trace through an agent that was started with mode `serve`; settles when its probes are armed.
 * On failure and when the signal aborts the connection is closed, and the agent goes with it.
 * @throws PacketTraceError
 */
export async function startCapture(
  connection: AgentConnection,
  options: CaptureOptions,
  { signal, onProgress }: StartHooks = {},
): Promise<Capture> {
  const engine = new CaptureEngine(connection, options);
  if (onProgress !== undefined) engine.on('progress', onProgress);
  const abort = () => engine.fail(cancelled());
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  try {
    await engine.ready;
  } finally {
    signal?.removeEventListener('abort', abort);
    if (onProgress !== undefined) engine.off('progress', onProgress);
  }
  return engine;
}

class CaptureEngine extends EventEmitter<CaptureEvents> implements Capture {
  hello: Hello | undefined;
  attached: Attached | undefined;
  build: KernelBuild | undefined;
  ended: CaptureEnd | undefined;
  lost = 0;
  /** Settles when the probes are armed, rejects when that fails. */
  readonly ready: Promise<void>;
  readonly #store = new ColumnStore();
  #symbols: Symbols | undefined;
  readonly #done: Promise<CaptureEnd>;
  readonly #agent: AgentClient;
  readonly #changes = new FilterChanges((request) => this.#agent.send(request));
  /** Batches that came while the agent was still attaching: their names are not known yet. */
  #early: Uint8Array<ArrayBuffer>[] = [];
  readonly #earlyLocations: KernelLocation[] = [];
  #stopping = false;
  #over = false;
  #agentError: PacketTraceError | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #arm!: () => void;
  #refuse!: (error: PacketTraceError) => void;
  #finished!: (end: CaptureEnd) => void;

  constructor(
    connection: AgentConnection,
    private readonly options: CaptureOptions,
  ) {
    super();
    this.ready = new Promise((resolve, reject) => {
      this.#arm = resolve;
      this.#refuse = reject;
    });
    this.#done = new Promise((resolve) => (this.#finished = resolve));
    this.#agent = new AgentClient(connection, {
      hello: (hello) => this.#start(hello),
      message: (message) => this.#message(message),
      events: (payload) => {
        if (this.attached === undefined) this.#early.push(payload);
        else this.#append([payload]);
      },
      fault: (error) => this.fail(error),
      closed: (closed) => this.#closed(closed),
    });
  }

  get store(): EventStore {
    return this.#store;
  }

  get trajectories(): Trajectories {
    return this.#store.trajectories;
  }

  get functionCounts(): FunctionCounts {
    return this.#store.functionCounts;
  }

  get filters(): readonly CaptureFilter[] {
    return this.#changes.filters;
  }

  changeFilter(filter: WantedFilter): Promise<CaptureFilter> {
    return this.#changes.change(filter);
  }

  stop(): Promise<CaptureEnd> {
    if (this.ended === undefined && !this.#stopping) {
      this.#stopping = true;
      this.#within(STOP_TIMEOUT_MS, () => this.#finish('stopped'));
      this.#agent.send({ type: 'stop' });
    }
    return this.#done;
  }

  /** Ends the session with an error; while it is starting, that is what `ready` rejects with. */
  fail(error: PacketTraceError): void {
    if (this.#over) return;
    if (this.attached !== undefined) {
      this.#finish('error', error);
      return;
    }
    this.#release();
    this.#refuse(error);
  }

  #message(message: Exclude<Message, Hello>): void {
    switch (message.type) {
      case 'progress':
        this.emit('progress', message);
        return;
      case 'attached':
        return this.#armed(message);
      case 'kernel-build':
        this.build = message;
        this.emit('build', message);
        return;
      case 'filter-changed': {
        const filter = this.#changes.changed(message);
        if (filter !== undefined) this.emit('filter', filter);
        return;
      }
      case 'locations':
        if (this.#symbols === undefined) this.#earlyLocations.push(...message.locations);
        else this.#symbols.addLocations(message.locations);
        return;
      case 'error':
        if (message.generation === undefined) this.#failed(fromAgentError(message));
        else this.#changes.refused(fromAgentError(message));
        return;
      case 'end':
        return this.#agentEnded(message);
      case 'check': // no trace asks
      case 'matched':
        return;
    }
  }

  #start(hello: Hello): void {
    this.hello = hello;
    this.#store.setRealtimeOffset(BigInt(hello.realtimeOffset));
    const { filter, functions, backend, wantBuild } = this.options;
    this.#agent.send({
      type: 'start',
      filter: filter.compiled,
      functions,
      backend,
      ringBufferBytes: 0,
      ...(wantBuild === true && { wantBuild }),
    });
  }

  #armed(attached: Attached): void {
    this.attached = attached;
    this.#changes.begin(this.options.filter);
    this.#symbols = new Symbols(attached);
    this.#symbols.addLocations(this.#earlyLocations);
    this.#store.setSymbols(this.#symbols);
    this.emit('attached', attached);
    this.#append(this.#early);
    this.#early = [];
    this.#arm();
  }

  #append(payloads: Uint8Array<ArrayBuffer>[]): void {
    const first = this.#store.length;
    let { lost } = this;
    for (const payload of payloads) lost = this.#store.append(payload).lost;
    if (this.#store.length > first) this.emit('events', first, this.#store.length);
    this.#setLost(lost);
  }

  #setLost(total: number): void {
    if (total === this.lost) return;
    this.lost = total;
    this.emit('lost', total);
  }

  #failed(error: PacketTraceError): void {
    if (this.attached === undefined) {
      this.fail(error);
      return;
    }
    this.#agentError = error;
    this.#within(ERROR_TIMEOUT_MS, () => this.#finish('error', error));
  }

  #agentEnded(end: End): void {
    this.#setLost(end.lost);
    if (end.why === 'error') {
      const error =
        this.#agentError ?? new PacketTraceError('internal', 'The agent ended the trace with an error.');
      this.#finish('error', error, end);
    } else if (this.#stopping) this.#finish('stopped', undefined, end);
    else this.#finish('connection-lost', unheard(), end);
  }

  #closed(closed: AgentClosed): void {
    if (this.attached === undefined) this.fail(agentDidNotStart(closed));
    else if (this.#agentError !== undefined) this.#finish('error', this.#agentError);
    else if (this.#stopping && closed.exitCode === 0) this.#finish('stopped');
    else {
      const error = lostAgent(closed);
      this.#finish(error.code === 'connection-lost' ? 'connection-lost' : 'agent-died', error);
    }
  }

  #finish(why: CaptureEnd['why'], error?: PacketTraceError, agent?: End): void {
    if (this.#over) return;
    this.#release();
    this.ended = { why, error, events: this.#store.length, lost: this.lost, agent };
    this.emit('end', this.ended);
    this.#finished(this.ended);
  }

  #release(): void {
    this.#over = true;
    this.#changes.end();
    clearTimeout(this.#deadline);
    this.#agent.close();
  }

  #within(milliseconds: number, late: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(late, milliseconds);
  }
}
