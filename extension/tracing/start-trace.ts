/**
 * One trace from request to running capture, the same for every front end: compile the filter, reach the
 * target, start its agent, attach the probes.
 */
import type { Progress } from '../../common/protocol.ts';
import type { Capture, CaptureOptions } from '../recording/capture.ts';
import type { RecordingBuilder } from '../recording/recording-builder.ts';
import { startCapture, type StartHooks } from './engine.ts';
import type { CaptureFilter, FilterTexts } from '../recording/filters.ts';
import { throwIfCancelled } from '../base/errors.ts';
import { compileFilters } from './compile-filters.ts';
import { connectTarget } from '../target/connect.ts';
import type { AgentConnection, ConnectOptions, Target } from '../target/connection.ts';
import { askedOfTarget, type TraceValues } from './options/trace-options.ts';

/** How long the end of an agent is waited for. It is gone without us too: its input ended. */
const AGENT_EXIT_MS = 5000;

/** Options that are left out are at their defaults. */
export interface TraceRequest
  extends ConnectOptions, FilterTexts, Partial<Omit<TraceValues, keyof ConnectOptions | keyof FilterTexts>> {
  /** Have the target tell of its kernel's build: see Capture.build. */
  wantBuild?: boolean;
  /** See CaptureOptions. */
  readOnce?: boolean;
  reconnects?: boolean;
  /** Gets the recording before anything is in it, and what it is of. */
  onBegin?: (recording: RecordingBuilder, target: Target) => void;
}

/** What somebody who waits for it can see and do. */
export type Waiting = Pick<ConnectOptions, 'signal' | 'onProgress' | 'prompts'>;

export interface RunningTrace {
  /** That was reached first. */
  target: Target;
  capture: Capture;
  /**
   * Puts in force what the change says, an empty text being none, and keeps the rest.
   * @throws PacketTraceError when it is refused; the trace goes on with the filter that it has.
   */
  changeFilter: (change: Partial<FilterTexts>, signal?: AbortSignal) => Promise<CaptureFilter>;
  /**
   * Goes on after the connection was lost (Capture.cut), over another one.
   * @throws PacketTraceError when that fails; it may be tried again as long as the capture has not ended.
   */
  reconnect: (waiting: Waiting) => Promise<void>;
  /** Ends the capture if it still runs, and the connection. */
  dispose(): Promise<void>;
}

/**
 * Settles when the probes are armed. On failure and on cancellation nothing is left on the target.
 * @throws PacketTraceError; a bad filter is found before the target is contacted.
 */
export async function startTrace(request: TraceRequest): Promise<RunningTrace> {
  const { wantBuild = false, keepEvents, readOnce, reconnects, signal, onBegin } = request;
  const filter = await compileFilters(request, request.distDir, signal);
  const options: CaptureOptions = {
    filter,
    asked: askedOfTarget(request),
    wantBuild,
    keepEvents,
    readOnce,
    reconnects,
  };
  const first = await overAgent(request, (connection, hooks, target) =>
    startCapture(connection, options, { ...hooks, onBegin: (recording) => onBegin?.(recording, target) }),
  );
  const capture = first.result;
  let { leave } = first;
  return {
    target: first.target,
    capture,
    changeFilter: async (change, signal) => {
      const present = capture.filters.at(-1) ?? filter;
      const wanted = await compileFilters({ ...present, ...change }, request.distDir, signal);
      return capture.changeFilter(wanted);
    },
    reconnect: async (waiting) => {
      const again = await overAgent({ ...request, ...waiting }, (connection, hooks) =>
        capture.reconnect(connection, hooks),
      );
      await leave();
      leave = again.leave;
    },
    dispose: async () => {
      await capture.stop();
      await leave();
    },
  };
}

/** Reaches the target and starts an agent there, for as long as whoever gets it does not leave. */
async function overAgent<T>(
  request: TraceRequest,
  begin: (connection: AgentConnection, hooks: StartHooks, target: Target) => Promise<T>,
): Promise<{ target: Target; result: T; leave: () => Promise<void> }> {
  const { signal, onProgress } = request;
  const target = await connectTarget(request);
  let connection: AgentConnection | undefined;
  const leave = async () => {
    if (connection !== undefined) await closed(connection);
    target.dispose();
  };
  try {
    throwIfCancelled(signal);
    onProgress?.('Starting the agent');
    connection = await target.startAgent();
    const hooks: StartHooks = {
      signal,
      onProgress: (progress) => onProgress?.(progressText(progress)),
    };
    const result = await begin(connection, hooks, target);
    return { target, result, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function closed(connection: AgentConnection): Promise<void> {
  connection.close();
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timeout = setTimeout(resolve, AGENT_EXIT_MS)));
  await Promise.race([connection.closed, late]);
  clearTimeout(timeout);
}

const STAGES: Record<Progress['stage'], string> = {
  scan: 'Looking for functions',
  load: 'Loading the programs',
  attach: 'Attaching probes',
  detach: 'Detaching probes',
};

function progressText({ stage, done, total }: Progress): string {
  return total > 0 ? `${STAGES[stage]} (${done} of ${total})` : STAGES[stage];
}
