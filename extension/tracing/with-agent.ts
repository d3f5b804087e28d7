/** What a target is asked without a trace: what it can do, and what its kernel says of given packets. */
import type { CheckReport } from '../../common/protocol.ts';
import { throwIfCancelled } from '../base/errors.ts';
import type { Decide } from '../filter/capture-file/match.ts';
import { connectTarget } from '../target/connect.ts';
import type { ConnectOptions, Target } from '../target/connection.ts';
import { AgentClient } from './agent-client.ts';

/**
 * Reaches a target and has an agent there while `work` lasts.
 * @throws PacketTraceError when the target is not reached, and what `work` throws
 */
async function withAgent<T>(
  options: ConnectOptions,
  work: (agent: AgentClient, target: Target) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const target = await connectTarget(options);
  const onAbort = () => target.dispose();
  try {
    signal?.addEventListener('abort', onAbort);
    throwIfCancelled(signal);
    const agent = new AgentClient(await target.startAgent());
    try {
      return await work(agent, target);
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
