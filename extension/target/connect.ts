import { asPacketTraceError, cancelled, throwIfCancelled } from '../base/errors.ts';
import { startAgent } from './agent.ts';
import { agentBundle, nodeBundle } from './assets.ts';
import type { Bundle } from './assets.ts';
import type { ConnectOptions, Prompts, Target, TargetFacts } from './connection.ts';
import { deploy } from './deploy.ts';
import { identityFileError } from './ssh/identities.ts';
import { connectSsh } from './ssh/jump.ts';
import { readKeyFile } from './ssh/key-file.ts';
import { LocalShell, localAgentFile, localNode } from './local.ts';
import { inspectPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import type { Shell } from './shell.ts';
import { gainPrivilege } from './sudo.ts';
import type { Privilege } from './sudo.ts';
import { parseTargetName } from './target-name.ts';
import type { SshTargetName } from './target-name.ts';

/** Folders of older versions that stay on a target, so that editors of different versions get along. */
const KEEP_AGENTS = 3;
const KEEP_NODES = 2;

/**
 * Reaches a target, becomes root there, and puts the agent on it.
 * @throws PacketTraceError; nothing is left connected, and on the target nothing unfinished.
 */
export async function connectTarget(options: ConnectOptions): Promise<Target> {
  try {
    const name = parseTargetName(options.target);
    const request = { ...options, prompts: cancellable(options.prompts, options.signal) };
    return await (name.kind === 'local' ? connectLocal(request) : connectRemote(request, name));
  } catch (error) {
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

async function connectRemote(options: ConnectOptions, name: SshTargetName): Promise<Target> {
  const { log, prompts, signal, onProgress, identity } = options;
  if (identity !== undefined) {
    const file = await readKeyFile(identity);
    if (file.kind === 'unusable') throw identityFileError(file);
  }
  const client = await connectSsh(name, options);
  try {
    onProgress?.(`Looking at ${client.name}`);
    const platform = await inspectPlatform(client, signal);
    log.debug(`${client.name}: ${JSON.stringify(platform)}`);
    const privilege = await gainPrivilege(client, platform.uid, platform.user, prompts, signal);
    const placed = await place(options, client, platform);
    throwIfCancelled(signal);
    return target(options, client, privilege, platform, placed);
  } catch (error) {
    client.dispose();
    throw error;
  }
}

interface Placed {
  /** The words that start Node. */
  nodeArgv: string[];
  node: TargetFacts['node'];
  agentFile: string;
  uploadedBytes: number;
}

async function place(options: ConnectOptions, shell: Shell, platform: Platform): Promise<Placed> {
  const { distDir, signal, onProgress, log } = options;
  const { cacheDir, freeBytes, hasGzip, arch } = platform;
  const put = (bundle: Bundle, keep: number) =>
    deploy({ shell, cacheDir, bundle, hasGzip, freeBytes, keep, signal, onProgress });
  let { node }: { node: TargetFacts['node'] | undefined } = platform;
  let uploadedBytes = 0;
  if (node === undefined) {
    if (platform.oldNodes.length > 0)
      log.info(`${shell.name}: too old to use: ${platform.oldNodes.join(', ')}`);
    const bundle = await nodeBundle(distDir, arch);
    const placed = await put(bundle, KEEP_NODES);
    node = { path: `${placed.dir}/node`, version: bundle.version, origin: 'uploaded' };
    uploadedBytes += placed.uploadedBytes;
  }
  const agent = await put(await agentBundle(distDir, arch), KEEP_AGENTS);
  uploadedBytes += agent.uploadedBytes;
  log.info(`${shell.name}: Node ${node.version} (${node.origin}), ${uploadedBytes} bytes uploaded`);
  return { nodeArgv: [node.path], node, agentFile: `${agent.dir}/agent.cjs`, uploadedBytes };
}

async function connectLocal(options: ConnectOptions): Promise<Target> {
  const { prompts, signal } = options;
  const shell = new LocalShell();
  options.onProgress?.('Looking at this machine');
  const platform = await inspectPlatform(shell, signal);
  const privilege = await gainPrivilege(shell, platform.uid, platform.user, prompts, signal);
  const { argv, version, origin } = localNode(platform);
  return target(options, shell, privilege, platform, {
    nodeArgv: argv,
    node: { path: argv.at(-1) ?? '', version, origin },
    agentFile: localAgentFile(options.distDir),
    uploadedBytes: 0,
  });
}

function target(
  options: ConnectOptions,
  shell: Shell & { dispose(): void },
  privilege: Privilege,
  platform: Platform,
  placed: Placed,
): Target {
  let disposed = false;
  return {
    label: options.target.trim(),
    facts: {
      os: platform.os,
      machine: platform.machine,
      kernelRelease: platform.kernelRelease,
      user: platform.user,
      privilege: privilege.kind,
      node: placed.node,
      uploadedBytes: placed.uploadedBytes,
    },
    startAgent: () =>
      startAgent({
        shell,
        privilege,
        user: platform.user,
        argv: [...placed.nodeArgv, placed.agentFile, 'serve'],
        disposed: () => disposed,
      }),
    dispose: () => {
      disposed = true;
      shell.dispose();
    },
  };
}
