/**
 * The capture engine: drives one agent over its connection and keeps what it sends. It knows neither SSH nor
 * VS Code; any `AgentConnection` will do.
 */
import { checkPacked } from '../../common/packed.ts';
import type { Attached, End, Hello, KernelBuild, Message, Paused, Progress } from '../../common/protocol.ts';
import { cancelled, PacketTraceError } from '../base/errors.ts';
import type { AgentClosed, AgentConnection } from '../target/connection.ts';
import { AgentClient } from './agent-client.ts';
import {
  agentDidNotStart,
  bootedMeanwhile,
  fromAgentError,
  lostAgent,
  unheard,
  unreadable,
} from './agent-errors.ts';
import type { Capture, CaptureEnd, CaptureOptions, LossTotals } from '../recording/capture.ts';
import { filterFact, pauseFact } from '../recording/facts.ts';
import { FilterChanges } from './filter-changes.ts';
import type { CaptureFilter, WantedFilter } from '../recording/filters.ts';
import { RecordingBuilder } from '../recording/recording-builder.ts';
import { KEEP_EVENTS } from '../recording/retention.ts';
import { Patience } from './patience.ts';

/**
 * How long nothing at all may come while a trace stops: detaching thousands of kprobes on a slow, old kernel takes
 * seconds. What is left in the target's buffers may take minutes to arrive.
 */
const STOP_TIMEOUT_MS = 30_000;
/** After an error message the agent ends by itself. */
const ERROR_TIMEOUT_MS = 5000;

export interface StartHooks {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Gets the recording before anything is in it. */
  onBegin?: ((recording: RecordingBuilder) => void) | undefined;
}

/** A capture that an agent fills. */
export interface LiveCapture extends Capture {
  /**
   * After `cut`: goes on with another agent of the same target and the filter that was in force. What packets did in
   * between is a pause.
   * @throws PacketTraceError when that fails. It may be tried again, unless the target was booted meanwhile: then the
   *   capture has ended. On failure the connection is closed.
   */
  reconnect(connection: AgentConnection, hooks?: StartHooks): Promise<void>;
}

/**
 * Starts a trace through an agent that was started with mode `serve`; settles when its probes are armed.
 * On failure and when the signal aborts the connection is closed, and the agent goes with it.
 * @throws PacketTraceError
 */
export async function startCapture(
  connection: AgentConnection,
  options: CaptureOptions,
  hooks: StartHooks = {},
): Promise<LiveCapture> {
  const engine = new CaptureEngine(options);
  hooks.onBegin?.(engine);
  await engine.attach(connection, hooks);
  return engine;
}

class CaptureEngine extends RecordingBuilder implements LiveCapture {
  cut: PacketTraceError | undefined;
  readonly #done: Promise<CaptureEnd>;
  #agent: AgentClient | undefined;
  readonly #changes = new FilterChanges((request) => this.#agent?.send(request));
  /** Records that arrived from this agent, which counts the same ones. */
  #received = 0;
  /** What agents before this one did not tell of. */
  #before: LossTotals = { lost: 0, missed: 0, untracked: 0 };
  #stopping = false;
  #over = false;
  #agentError: PacketTraceError | undefined;
  readonly #stopPatience = new Patience();
  #errorDeadline: NodeJS.Timeout | undefined;
  /** Of the agent whose probes are not armed yet. */
  #starting: { arm: () => void; refuse: (error: PacketTraceError) => void } | undefined;
  #finished!: (end: CaptureEnd) => void;

  constructor(private readonly options: CaptureOptions) {
    const { keepEvents = KEEP_EVENTS, readOnce = false } = options;
    super({ keepEvents, readOnce });
    this.#done = new Promise((resolve) => (this.#finished = resolve));
  }

  /** Settles when the probes are armed. @throws PacketTraceError */
  async attach(connection: AgentConnection, { signal, onProgress }: StartHooks): Promise<void> {
    const armed = new Promise<void>((arm, refuse) => (this.#starting = { arm, refuse }));
    this.#received = 0;
    this.#agent = new AgentClient(connection, {
      hello: (hello) => this.#start(hello),
      message: (message) => this.#message(message),
      events: (payload) => this.#append(payload),
      heard: () => this.#stopPatience.heard(),
      fault: (error) => this.#fail(error),
      closed: (closed) => this.#closed(closed),
    });
    if (onProgress !== undefined) this.on('progress', onProgress);
    const abort = () => this.#fail(cancelled());
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort);
    try {
      await armed;
    } finally {
      signal?.removeEventListener('abort', abort);
      if (onProgress !== undefined) this.off('progress', onProgress);
    }
  }

  async reconnect(connection: AgentConnection, hooks: StartHooks = {}): Promise<void> {
    if (this.cut === undefined || this.#starting !== undefined) {
      connection.close();
      throw new Error('only a capture that was cut reconnects, and once at a time');
    }
    await this.attach(connection, hooks);
  }

  changeFilter(filter: WantedFilter): Promise<CaptureFilter> {
    return this.#changes.change(filter);
  }

  stop(): Promise<CaptureEnd> {
    if (this.ended === undefined && !this.#stopping) {
      this.#stopping = true;
      if (this.cut !== undefined) {
        this.#starting?.refuse(cancelled());
        this.#finish('connection-lost', this.cut);
        return this.#done;
      }
      this.#stopPatience.within(STOP_TIMEOUT_MS, () => this.#finish('stopped'));
      this.#agent?.send({ type: 'stop' });
    }
    return this.#done;
  }

  /** Ends the session with an error; while an agent is starting, that is what became of its start. */
  #fail(error: PacketTraceError): void {
    if (this.#over) return;
    const starting = this.#starting;
    if (starting === undefined) {
      this.#finish('error', error);
      return;
    }
    this.#starting = undefined;
    if (this.cut === undefined) this.#release();
    else this.#agent?.close();
    starting.refuse(error);
  }

  #message(message: Exclude<Message, Hello>): void {
    switch (message.type) {
      case 'progress':
        this.emit('progress', message);
        return;
      case 'attached':
        return this.#armed(message);
      case 'kernel-build':
        void this.#told(message);
        return;
      case 'modules':
      case 'programs':
      case 'locations':
      case 'structures':
      case 'namespaces':
        this.addFact(message);
        return;
      case 'filter-changed': {
        const filter = this.#changes.changed(message);
        if (filter !== undefined) this.addFact(filterFact(filter));
        return;
      }
      case 'paused':
        return this.#paused(message);
      case 'error':
        if (message.generation === undefined) this.#failed(fromAgentError(message));
        else this.#changes.refused(fromAgentError(message));
        return;
      case 'end':
        return this.#agentEnded(message);
      case 'check': // no trace asks
      case 'matched':
      case 'plan':
      case 'counting':
      case 'counts':
        return;
    }
  }

  async #told(build: KernelBuild): Promise<void> {
    try {
      await checkPacked(build);
    } catch (error) {
      this.#fail(unreadable(error));
      return;
    }
    this.addFact(build);
  }

  #start(hello: Hello): void {
    const again = this.cut !== undefined;
    if (again && hello.bootId !== this.hello?.bootId) {
      const error = bootedMeanwhile();
      this.#fail(error);
      this.#finish('connection-lost', error);
      return;
    }
    if (!again) this.addFact(hello);
    const { wanted, generation } = this.#changes.present;
    const { filter, asked, wantBuild } = this.options;
    const { compiled, conditions } = wanted ?? filter;
    this.#agent?.send({
      type: 'start',
      ...asked,
      filter: compiled,
      ...(conditions && { conditions }),
      ...(again && { generation }),
      ringBufferBytes: 0,
      ...(wantBuild === true && this.build === undefined && { wantBuild }),
    });
  }

  #armed(attached: Attached): void {
    const starting = this.#starting;
    this.#starting = undefined;
    if (this.attached === undefined) {
      this.addFact(filterFact(this.#changes.begin(this.options.filter)));
      this.addFact(attached);
    } else this.#backAgain(attached);
    starting?.arm();
  }

  #backAgain(attached: Attached): void {
    this.cut = undefined;
    this.addFact(attached);
    this.anotherAgent();
    const { lost, missed, untracked } = this;
    this.#before = { lost, missed, untracked };
    this.#changes.interrupt(undefined);
    const pause = this.pauses.at(-1);
    if (pause !== undefined) this.addFact(pauseFact({ ...pause, to: BigInt(attached.since) }));
    this.emit('cut', undefined);
  }

  /** The connection is gone, and with it the agent; the capture stays as it is until there is another. */
  #cut(error: PacketTraceError): void {
    this.#agent?.close();
    this.#stopPatience.stop();
    clearTimeout(this.#errorDeadline);
    this.cut = error;
    this.#changes.interrupt(error);
    const last = this.pauses.at(-1);
    const from = last !== undefined && last.to === undefined ? last.from : this.#lastHeard();
    this.addFact(pauseFact({ why: 'connection', from, to: undefined }));
    this.emit('cut', error);
  }

  /** CLOCK_MONOTONIC of the target: until then at least packets were seen. */
  #lastHeard(): bigint {
    const { length } = this.store;
    if (length > this.store.first) return this.store.monotonic(length - 1);
    return BigInt(this.attached?.since ?? 0);
  }

  /** @throws ProtocolError */
  #append(payload: Uint8Array<ArrayBuffer>): void {
    const { count, ...totals } = this.addEvents(payload);
    this.#received += count;
    this.#setTotals(totals);
  }

  /** Comes when a pause begins, and once more when it is over. */
  #paused({ why, from, to }: Paused): void {
    // The agent follows nobody any more.
    if (to !== null) this.addFact({ type: 'unfollowed' });
    this.addFact({ type: 'pause', why, from, to });
  }

  /** @param totals of this agent */
  #setTotals(totals: LossTotals): void {
    const lost = this.#before.lost + totals.lost;
    const missed = this.#before.missed + totals.missed;
    const untracked = this.#before.untracked + totals.untracked;
    if (lost === this.lost && missed === this.missed && untracked === this.untracked) return;
    this.addFact({ type: 'loss', lost, missed, untracked });
  }

  #failed(error: PacketTraceError): void {
    if (this.#starting !== undefined) {
      this.#fail(error);
      return;
    }
    this.#agentError = error;
    clearTimeout(this.#errorDeadline);
    this.#errorDeadline = setTimeout(() => this.#finish('error', error), ERROR_TIMEOUT_MS);
  }

  #agentEnded(end: End): void {
    this.#setTotals({ lost: end.lost, missed: end.missed ?? 0, untracked: end.untracked ?? 0 });
    if (end.why === 'error') {
      const error =
        this.#agentError ?? new PacketTraceError('internal', 'The agent ended the trace with an error.');
      this.#finish('error', error, end);
    } else if (this.#stopping) this.#finish('stopped', undefined, end);
    else this.#lose(unheard(this.#canGoOn), end);
  }

  #closed(closed: AgentClosed): void {
    if (this.#starting !== undefined) this.#fail(agentDidNotStart(closed));
    else if (this.#agentError !== undefined) this.#finish('error', this.#agentError);
    else if (this.#stopping && closed.exitCode === 0) this.#finish('stopped');
    else {
      const error = lostAgent(closed, this.#canGoOn);
      if (error.code === 'connection-lost') this.#lose(error);
      else this.#finish('agent-died', error);
    }
  }

  /** Over another connection, when this one is lost. */
  get #canGoOn(): boolean {
    return this.options.reconnects === true && !this.#stopping;
  }

  #lose(error: PacketTraceError, agent?: End): void {
    if (this.#canGoOn) this.#cut(error);
    else this.#finish('connection-lost', error, agent);
  }

  #finish(why: CaptureEnd['why'], error?: PacketTraceError, agent?: End): void {
    if (this.#over) return;
    this.#release();
    const { lost, missed, untracked } = this;
    const incomplete = incompleteText(this.#received, agent);
    const { length: events, bytes } = this.store;
    const end = { why, error, events, bytes, lost, missed, untracked, incomplete, agent };
    this.finish(end);
    this.#finished(end);
  }

  #release(): void {
    this.#over = true;
    this.#changes.end();
    this.#stopPatience.stop();
    clearTimeout(this.#errorDeadline);
    this.#agent?.close();
  }
}

/** Says when the agent's total is not what arrived. */
function incompleteText(received: number, agent: End | undefined): string | undefined {
  if (agent === undefined)
    return 'The target could not say how many events there were: these are the counts that arrived.';
  if (agent.events === received) return undefined;
  return `${received} of ${agent.events} events arrived.`;
}
