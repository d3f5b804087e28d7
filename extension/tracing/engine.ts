/**
 * The capture engine: drives one agent over its connection and keeps what it sends. It knows neither SSH nor
 * VS Code; any `AgentConnection` will do.
 */
import { EventEmitter } from 'node:events';
import { encodeJsonFrame, FrameDecoder, FramingError } from '../../common/framing.ts';
import {
  FrameKind,
  HEARTBEAT_INTERVAL_MS,
  PROTOCOL_VERSION,
  type Attached,
  type End,
  type Hello,
  type KernelBuild,
  type KernelLocation,
  type Message,
  type Progress,
  type Request,
} from '../../common/protocol.ts';
import { PacketTraceError } from '../base/errors.ts';
import type { AgentClosed, AgentConnection } from '../target/connection.ts';
import { agentDidNotStart, fromAgentError, lostAgent, notTheAgent, unheard } from './agent-errors.ts';
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
import type { Passes } from '../recording/trajectories/function-counts.ts';
import { Symbols } from '../recording/symbols.ts';

/** Node starts within a second or two; a target under heavy load needs more. */
const HELLO_TIMEOUT_MS = 60_000;
/** Detaching thousands of kprobes on a slow, old kernel takes seconds. */
const STOP_TIMEOUT_MS = 30_000;
/** After an error message the agent ends by itself. */
const ERROR_TIMEOUT_MS = 5000;
/** The rest of a dead agent's output arrives at once or never. */
const DRAIN_TIMEOUT_MS = 1000;

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
  const session = new Session(connection, options);
  if (onProgress !== undefined) session.on('progress', onProgress);
  const abort = () => session.fail(new PacketTraceError('cancelled', 'Cancelled.'));
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  try {
    await session.ready;
  } finally {
    signal?.removeEventListener('abort', abort);
    if (onProgress !== undefined) session.off('progress', onProgress);
  }
  return session;
}

class Session extends EventEmitter<CaptureEvents> implements Capture {
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
  readonly #changes = new FilterChanges((request) => this.#send(request));
  readonly #decoder = new FrameDecoder((kind, payload) => this.#frame(kind, payload));
  /** Batches that came while the agent was still attaching: their names are not known yet. */
  #early: Uint8Array<ArrayBuffer>[] = [];
  readonly #earlyLocations: KernelLocation[] = [];
  #stopping = false;
  /** The connection was given up: what still comes is not looked at. */
  #over = false;
  #agentError: PacketTraceError | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #arm!: () => void;
  #refuse!: (error: PacketTraceError) => void;
  #finished!: (end: CaptureEnd) => void;

  constructor(
    private readonly connection: AgentConnection,
    private readonly options: CaptureOptions,
  ) {
    super();
    this.ready = new Promise((resolve, reject) => {
      this.#arm = resolve;
      this.#refuse = reject;
    });
    this.#done = new Promise((resolve) => (this.#finished = resolve));
    this.#within(HELLO_TIMEOUT_MS, () => {
      const seconds = HELLO_TIMEOUT_MS / 1000;
      this.fail(
        new PacketTraceError('agent-start', `The agent on the target said nothing for ${seconds} s.`),
      );
    });
    // Errors of the streams show as the end of the connection.
    connection.input.on('error', () => undefined);
    connection.output.on('error', () => undefined);
    connection.output.on('data', (chunk: Buffer) => this.#receive(chunk));
    void connection.closed.then((closed) => this.#closed(closed));
  }

  get store(): EventStore {
    return this.#store;
  }

  get trajectories(): Trajectories {
    return this.#store.trajectories;
  }

  get passes(): Passes {
    return this.#store.passes;
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
      this.#send({ type: 'stop' });
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

  #receive(chunk: Uint8Array): void {
    if (this.#over) return;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (error instanceof FramingError && this.hello === undefined) this.fail(notTheAgent(error.received));
      else {
        const text = error instanceof Error ? error.message : String(error);
        this.fail(
          new PacketTraceError('internal', `The agent's messages cannot be read: ${text}`, '', {
            cause: error,
          }),
        );
      }
    }
  }

  #frame(kind: FrameKind, payload: Uint8Array<ArrayBuffer>): void {
    if (kind === FrameKind.Json) this.#message(JSON.parse(Buffer.from(payload.buffer).toString()) as Message);
    else if (this.attached === undefined) this.#early.push(payload);
    else this.#append([payload]);
  }

  #message(message: Message): void {
    switch (message.type) {
      case 'hello':
        return this.#start(message);
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
      case 'check': // only in mode `check`
      case 'matched': // no trace asks
        return;
    }
  }

  #start(hello: Hello): void {
    clearTimeout(this.#deadline);
    if (hello.protocol !== PROTOCOL_VERSION) {
      const versions = `it speaks version ${hello.protocol} of the protocol, not ${PROTOCOL_VERSION}`;
      const remedy = 'Remove ~/.cache/kernel-packet-trace on the target and try again.';
      this.fail(
        new PacketTraceError(
          'agent-start',
          `The agent on the target is another release: ${versions}.`,
          remedy,
        ),
      );
      return;
    }
    this.hello = hello;
    this.#store.setRealtimeOffset(BigInt(hello.realtimeOffset));
    this.#heartbeat = setInterval(() => this.#send({ type: 'ping' }), HEARTBEAT_INTERVAL_MS);
    const { filter, functions, backend, wantBuild } = this.options;
    this.#send({
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

  async #closed(closed: AgentClosed): Promise<void> {
    await drained(this.connection.output);
    if (this.#over) return;
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
    clearInterval(this.#heartbeat);
    this.connection.close();
  }

  #send(request: Request): void {
    if (this.connection.input.writable) this.connection.input.write(encodeJsonFrame(request));
  }

  #within(milliseconds: number, late: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(late, milliseconds);
  }
}

/** Waits for what a gone agent still had to say. */
function drained(output: AgentConnection['output']): Promise<void> {
  if (output.readableEnded || output.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timeout = setTimeout(resolve, DRAIN_TIMEOUT_MS);
    output.once('close', () => {
      clearTimeout(timeout);
      resolve();
    });
  });
}
