import { PacketTraceError } from '../../base/errors.ts';
import type { ConnectOptions } from '../connection.ts';
import { SshClient } from './client.ts';
import { resolveSettings } from './config.ts';
import { formatTargetName, parseTargetName } from '../target-name.ts';
import type { SshTargetName } from '../target-name.ts';
import { openProxyCommand, openTcp } from './transport.ts';

/** A configuration whose jumps go in circles must end. */
const MAX_HOPS = 10;

export type SshRequest = Pick<
  ConnectOptions,
  'identity' | 'prompts' | 'hostKeys' | 'log' | 'signal' | 'sshConfigFile' | 'onProgress'
>;

/**
 * Connects to a host, through its ProxyJump hosts or ProxyCommand if it has any. Each hop is verified and
 * logged in to like a target. Ending the connection ends those to its hops.
 * @throws PacketTraceError
 */
export function connectSsh(name: SshTargetName, request: SshRequest): Promise<SshClient> {
  return connectHop(name, request, undefined, 0);
}

async function connectHop(
  name: SshTargetName,
  request: SshRequest,
  via: SshClient | undefined,
  hops: number,
): Promise<SshClient> {
  const settings = await resolveSettings(name, request.sshConfigFile, request.log);
  request.onProgress?.(`Connecting to ${formatTargetName(name)}`);
  let hop = via;
  try {
    // ssh takes a hop's own proxy settings only for the first hop.
    if (hop === undefined && settings.proxyJump !== undefined) {
      for (const jump of settings.proxyJump.split(',')) {
        if (hops >= MAX_HOPS) throw tooManyHops(name);
        hop = await connectHop(jumpName(jump), { ...request, identity: undefined }, hop, hops + 1);
      }
    }
    const through = hop;
    const { hostName, port, proxyCommand } = settings;
    const client = await SshClient.connect({
      settings,
      identity: request.identity,
      prompts: request.prompts,
      hostKeys: request.hostKeys,
      log: request.log,
      signal: request.signal,
      openTransport: (limit) => {
        if (through !== undefined) return through.forward(hostName, port);
        if (proxyCommand !== undefined) return openProxyCommand(proxyCommand);
        return openTcp(hostName, port, limit);
      },
    });
    if (through !== undefined) client.onClose(() => through.dispose());
    return client;
  } catch (error) {
    hop?.dispose();
    throw error;
  }
}

function jumpName(text: string): SshTargetName {
  const name = parseTargetName(text);
  // A jump host that is called "local" is a host all the same.
  return name.kind === 'ssh' ? name : { kind: 'ssh', user: undefined, host: text.trim(), port: undefined };
}

function tooManyHops(name: SshTargetName): PacketTraceError {
  return new PacketTraceError(
    'usage',
    `The SSH configuration leads to ${formatTargetName(name)} over more than ${MAX_HOPS} jump hosts.`,
    'Check ProxyJump in your SSH configuration for a circle.',
  );
}
