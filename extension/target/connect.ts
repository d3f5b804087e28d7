import { asPacketTraceError, cancelled, throwIfCancelled } from '../base/errors.ts';
import { startAgent } from './agent.ts';
import type { ConnectOptions, Prompts, Target } from './connection.ts';
import { place } from './deploy/place.ts';
import type { OwnNode } from './deploy/placed.ts';
import { recall } from './deploy/recall.ts';
import { openShell } from './ssh/open-shell.ts';
import { LocalShell, localNode } from './local.ts';
import { findNodes, inspectPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import type { Shell } from './shell.ts';
import { Root } from './root/root.ts';
import { parseTargetName } from './target-name.ts';
import type { SshTargetName } from './target-name.ts';

/** A target that can be traced, if we become root there. */
export interface Reached {
  shell: Shell & { dispose(): void };
  platform: Platform;
  /** The target's own Node, and what is too old there. */
  findNode: () => Promise<OwnNode>;
  /** To look for it takes a while: what an earlier start found does too. */
  isRemote: boolean;
}

/**
 * Reaches a target, becomes root there, and puts the agent on it.
 * @throws PacketTraceError; nothing is left connected, and on the target nothing unfinished.
 */
export function connectTarget(options: ConnectOptions): Promise<Target> {
  return reachTarget(options, prepare);
}

/** Reaches a target for `work`; when that fails, the connection is ended. @throws PacketTraceError */
export async function reachTarget<T>(
  options: ConnectOptions,
  work: (reached: Reached, options: ConnectOptions) => Promise<T>,
): Promise<T> {
  let reached: Reached | undefined;
  try {
    const name = parseTargetName(options.target);
    const request = { ...options, prompts: cancellable(options.prompts, options.signal) };
    reached = await (name.kind === 'local' ? reachLocal(request) : reachRemote(request, name));
    return await work(reached, request);
  } catch (error) {
    reached?.shell.dispose();
    if (options.signal?.aborted === true) throw cancelled();
    throw asPacketTraceError(error);
  }
}

/** Questions that do not hold up a cancellation while they wait for an answer. */
function cancellable(prompts: Prompts, signal: AbortSignal | undefined): Prompts {
  const orCancelled = <T>(answer: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      const onAbort = () => reject(cancelled());
      if (signal?.aborted === true) onAbort();
      signal?.addEventListener('abort', onAbort);
      answer.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
    });
  return {
    confirmHostKey: (question) => orCancelled(prompts.confirmHostKey(question)),
    secret: (question) => orCancelled(prompts.secret(question)),
  };
}

async function reachRemote(options: ConnectOptions, name: SshTargetName): Promise<Reached> {
  const { log, signal, onProgress } = options;
  const client = await openShell(name, options);
  try {
    onProgress?.(`Looking at ${client.name}`);
    const platform = await inspectPlatform(client, signal);
    log.debug(`${client.name}: ${JSON.stringify(platform)}`);
    return {
      shell: client,
      platform,
      findNode: () => findNodes(client, platform.arch, signal),
      isRemote: true,
    };
  } catch (error) {
    client.dispose();
    throw error;
  }
}

async function reachLocal(options: ConnectOptions): Promise<Reached> {
  const shell = new LocalShell();
  options.onProgress?.('Looking at this machine');
  const platform = await inspectPlatform(shell, options.signal);
  const node = localNode();
  const findNode = () =>
    node === undefined
      ? findNodes(shell, platform.arch, options.signal)
      : Promise.resolve({ node, oldNodes: [] });
  return { shell, platform, findNode, isRemote: false };
}

/** Becomes root there and puts the agent in place. */
async function prepare(
  { shell, platform, findNode, isRemote }: Reached,
  options: ConnectOptions,
): Promise<Target> {
  const { prompts, signal, log, distDir, targetFolder: folder, onProgress } = options;
  const { uid, user } = platform;
  onProgress?.(`Becoming root on ${shell.name}`);
  const root = await Root.gain({ shell, uid, user, prompts, log }, signal);
  // With sudo that asks nothing every program of the user is root already.
  const trustedUid = root.kind === 'sudo' ? uid : 0;
  const request = { platform, findNode, distDir, folder, trustedUid, log, signal, onProgress };
  const session = await root.take(signal);
  onProgress?.(`Looking for the agent on ${shell.name}`);
  const placed = (isRemote ? await recall(session, request) : undefined) ?? (await place(session, request));
  root.giveBack(session);
  throwIfCancelled(signal);
  let disposed = false;
  return {
    label: options.target.trim(),
    facts: {
      os: platform.os,
      machine: platform.machine,
      kernelRelease: platform.kernelRelease,
      user,
      privilege: root.kind,
      node: placed.node,
      uploadedBytes: placed.uploadedBytes,
    },
    startAgent: () =>
      startAgent({
        root,
        placed,
        placeAgain: (session) => place(session, { ...request, signal: undefined }),
        disposed: () => disposed,
      }),
    dispose: () => {
      disposed = true;
      shell.dispose();
    },
  };
}
