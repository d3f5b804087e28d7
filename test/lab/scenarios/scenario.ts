import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest, KernelName } from '../guests/guest.ts';

/** A packet's way through a kernel as data: what to set up, what to send, and what a trace must show. */
export interface Scenario {
  name: string;
  kernels: readonly KernelName[];
  /** Shell commands as root, before the trace starts; each must succeed. */
  setup: readonly string[];
  /** Shell commands as root while the trace runs; that a packet is dropped may make them fail. */
  traffic: readonly string[];
  /** pcap filter of the trace. */
  filter: string;
  /** Each must be matched by a trajectory of the trace. */
  expected: readonly ExpectedTrajectory[];
}

export interface ExpectedTrajectory {
  /** Process that was running at the first event. */
  comm?: string;
  /** These functions in this order, others between them or not. A list is one function's names in turn. */
  functions: readonly (string | readonly string[])[];
  /** The reason it is dropped for, null where the kernel gives none (before 5.17); false: it is not dropped. */
  drop: { reason: string | null } | false;
}

/** The fields of the terminal's event lines that expectations look at (docs/json.md). */
export interface TraceEvent {
  trajectory: number;
  kind: 'function' | 'drop';
  function: string;
  reason: string | null;
  comm: string;
}

/** A trace that runs; its probes are armed. */
export interface RunningTrace {
  /** What was captured so far. */
  events(): TraceEvent[];
  /** Ends the trace and returns all events. */
  stop(): Promise<TraceEvent[]>;
}

export type StartTrace = (guest: Guest, scenario: Scenario) => Promise<RunningTrace>;

/** How long after the traffic events may still come: a busy emulator is slow. */
const SETTLE_MS = 20_000;
const POLL_MS = 100;

/**
 * Plays one scenario in a guest. Call it inside withGuest, which tells a dead guest from a failed scenario.
 * @throws Error with the guest's console and the captured events when an expectation is not met.
 */
export async function runScenario(guest: Guest, scenario: Scenario, startTrace: StartTrace): Promise<void> {
  let events: TraceEvent[] = [];
  try {
    for (const command of scenario.setup) {
      const { code, stdout, stderr } = await guest.exec(command);
      if (code !== 0) throw new Error(`setup failed with code ${code}: ${command}\n${stderr}${stdout}`);
    }
    const trace = await startTrace(guest, scenario);
    try {
      for (const command of scenario.traffic) {
        const { code, stderr } = await guest.exec(command);
        // The shell's "not found" and ssh's own failure: no packet was sent.
        if ([126, 127, 255].includes(code)) throw new Error(`no traffic: ${command}\n${stderr}`);
      }
      const deadline = Date.now() + SETTLE_MS;
      while (unmet(scenario, trace.events()).length > 0 && Date.now() < deadline) {
        await sleep(POLL_MS);
      }
    } finally {
      events = await trace.stop();
    }
    const missing = unmet(scenario, events);
    if (missing.length > 0) throw new Error(`not seen: ${JSON.stringify(missing)}`);
  } catch (error) {
    throw explain(error as Error, guest, scenario, events);
  }
}

/** The expectations that no trajectory matches. */
export function unmet({ expected }: Scenario, events: readonly TraceEvent[]): ExpectedTrajectory[] {
  const trajectories = new Map<number, TraceEvent[]>();
  for (const event of events) {
    const steps = trajectories.get(event.trajectory);
    if (steps === undefined) trajectories.set(event.trajectory, [event]);
    else steps.push(event);
  }
  return expected.filter((wanted) => ![...trajectories.values()].some((steps) => matches(wanted, steps)));
}

function matches(wanted: ExpectedTrajectory, steps: readonly TraceEvent[]): boolean {
  if (wanted.comm !== undefined && steps[0]?.comm !== wanted.comm) return false;
  const drop = steps.find(({ kind }) => kind === 'drop');
  if (wanted.drop === false ? drop !== undefined : drop?.reason !== wanted.drop.reason) return false;
  let next = 0;
  for (const { kind, function: name } of steps) {
    if (kind === 'function' && [wanted.functions[next] ?? []].flat().includes(name)) next++;
  }
  return next === wanted.functions.length;
}

function explain(error: Error, guest: Guest, { name }: Scenario, events: readonly TraceEvent[]): Error {
  const lines = events.map(
    ({ trajectory, comm, function: step, kind, reason }) =>
      `  ${trajectory} [${comm}] ${step}${kind === 'drop' ? ` dropped: ${reason ?? 'no reason'}` : ''}`,
  );
  const text =
    `scenario "${name}" on ${guest.release}: ${error.message}\n` +
    `captured events (trajectory, process, function):\n${lines.join('\n') || '  none'}\n` +
    `the guest's console:\n${guest.console().slice(-3000)}`;
  return new Error(text, { cause: error });
}
