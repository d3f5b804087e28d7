/**
 * What a target is asked without a trace: what it can do, what its kernel says of given packets, and which functions
 * would be probed.
 */
import type {
  CheckReport,
  Counting,
  CountRequest,
  Counts,
  FunctionChoice,
  Plan,
} from '../../common/protocol.ts';
import { throwIfCancelled } from '../base/errors.ts';
import type { Decide } from '../filter/capture-file/match.ts';
import { connectTarget } from '../target/connect.ts';
import type { ConnectOptions, Target } from '../target/connection.ts';
import { AgentClient } from './agent-client.ts';
import { lostAgent } from './agent-errors.ts';

/**
 * Reaches a target and has an agent there while `work` lasts.
 * @param work gets the agent, its target, and what rejects when the agent is gone
 * @throws PacketTraceError when the target is not reached, and what `work` throws
 */
async function withAgent<T>(
  options: ConnectOptions,
  work: (agent: AgentClient, target: Target, gone: Promise<never>) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const target = await connectTarget(options);
  const onAbort = () => target.dispose();
  try {
    signal?.addEventListener('abort', onAbort);
    throwIfCancelled(signal);
    const connection = await target.startAgent();
    let isGone: (error: Error) => void = () => undefined;
    const gone = new Promise<never>((_, reject) => (isGone = reject));
    gone.catch(() => undefined); // not everybody waits for it
    const agent = new AgentClient(connection, {
      fault: (error) => isGone(error),
      closed: (closed) => isGone(lostAgent(closed, false)),
    });
    try {
      return await work(agent, target, gone);
    } finally {
      agent.close();
    }
  } catch (error) {
    throwIfCancelled(signal); // which ended the connection: that is no error of its own
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    target.dispose();
  }
}

export interface TargetCheck {
  label: string;
  facts: Target['facts'];
  report: CheckReport;
}

/** What a target can do, and what it lacks. @throws PacketTraceError when it cannot be reached or asked */
export function checkTarget(options: ConnectOptions): Promise<TargetCheck> {
  return withAgent(options, async (agent, target) => {
    options.onProgress?.('Checking the target');
    const report = await agent.ask({ type: 'check' }, 'check');
    return { label: target.label, facts: target.facts, report };
  });
}

/** Lets the kernel of a target decide over packets while `work` lasts. @throws PacketTraceError */
export function withTargetDecisions<T>(
  options: ConnectOptions,
  work: (decide: Decide) => Promise<T>,
): Promise<T> {
  return withAgent(options, (agent) => work(decideBy(agent)));
}

/** One call at a time. @throws PacketTraceError when the kernel refuses the filter or the agent is gone */
export function decideBy(agent: Pick<AgentClient, 'ask'>): Decide {
  return async (filter, packets) => {
    const decisions = new Uint8Array(packets.length);
    if (packets.length === 0) return decisions;
    const asked = packets.map(({ link, data, length }) => ({
      link,
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      length,
    }));
    const { matches } = await agent.ask({ type: 'match', filter, packets: asked }, 'matched');
    for (const index of matches) decisions[index] = 1; // beyond its end a typed array takes nothing
    return decisions;
  };
}

/** What a trace of these functions would probe, and why not the others. */
export function planOf(options: ConnectOptions, choice: FunctionChoice): Promise<Plan> {
  return withAgent(options, (agent) => {
    options.onProgress?.('Looking for functions');
    return agent.ask({ type: 'plan', ...choice }, 'plan');
  });
}

export interface FunctionCounts {
  counting: Counting;
  counts: Counts;
}

/**
 * Counts how often these functions are called.
 * @param options its `signal` cancels it until counting has begun, and from then on only ends the counting
 * @param wait settles when it was counted long enough
 * @throws PacketTraceError when the target cannot be reached or its functions not be probed
 */
export async function countFunctions(
  options: ConnectOptions,
  request: Omit<CountRequest, 'type'>,
  wait: (counting: Counting) => Promise<void>,
): Promise<FunctionCounts> {
  const connecting = new AbortController();
  const onAbort = () => connecting.abort();
  const { signal } = options;
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  try {
    return await withAgent({ ...options, signal: connecting.signal }, async (agent, _, gone) => {
      options.onProgress?.('Attaching probes');
      const counting = await agent.ask({ type: 'count', ...request }, 'counting');
      signal?.removeEventListener('abort', onAbort);
      await Promise.race([wait(counting), gone]);
      options.onProgress?.('Detaching probes');
      return { counting, counts: await agent.ask({ type: 'counts' }, 'counts') };
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
