import { throwIfCancelled } from '../base/errors.ts';
import { connectTarget } from '../target/connect.ts';
import type { ConnectOptions } from '../target/connection.ts';
import { AgentMatcher } from './agent-matcher.ts';
import type { Decide } from '../filter/capture-file/match.ts';

/**
 * Reaches a target and lets its kernel decide over packets while `work` lasts.
 * @throws PacketTraceError when the target is not reached, and what `work` throws
 */
export async function withTargetDecisions<T>(
  options: ConnectOptions,
  work: (decide: Decide) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const target = await connectTarget(options);
  const onAbort = () => target.dispose();
  try {
    signal?.addEventListener('abort', onAbort);
    throwIfCancelled(signal);
    const connection = await target.startAgent('serve');
    try {
      return await work(new AgentMatcher(connection).decide);
    } finally {
      connection.close();
    }
  } catch (error) {
    throwIfCancelled(signal); // which ended the connection: that is no error of its own
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    target.dispose();
  }
}
