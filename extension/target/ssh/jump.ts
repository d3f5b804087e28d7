import type { ParsedKey } from 'ssh2';
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
  'identity' | 'prompts' | 'hostKeys' | 'hostKeyCheck' | 'log' | 'signal' | 'sshConfigFile' | 'onProgress'
>;

/** What the hops of one connection share. */
interface Hop extends SshRequest {
  unlocked: Map<string, ParsedKey>;
}

/**
 * Connects to a host, through its ProxyJump hosts or ProxyCommand if it has any. Each hop is verified and
 * logged in to like a target. Ending the connection ends those to its hops.
 * @throws PacketTraceError
 */
export function connectSsh(name: SshTargetName, request: SshRequest): Promise<SshClient> {
  return connectHop(name, { ...request, unlocked: new Map() }, undefined, 0);
}

async function connectHop(
  name: SshTargetName,
  request: Hop,
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
    // "Open this page to log in": what it says must be seen while it waits.
    const said = (line: string) => {
      request.log.info(`ProxyCommand of ${formatTargetName(name)}: ${line}`);
      request.onProgress?.(`The ProxyCommand says: "${line}"`);
    };
    const { hostName, port, proxyCommand } = settings;
    const client = await SshClient.connect({
      settings,
      identity: request.identity,
      prompts: request.prompts,
      hostKeys: request.hostKeys,
      log: request.log,
      hostKeyCheck: request.hostKeyCheck,
      unlocked: request.unlocked,
      signal: request.signal,
      openTransport: (limit) => {
        if (through !== undefined) return through.forward(hostName, port, limit);
        if (proxyCommand !== undefined) return openProxyCommand(proxyCommand, said);
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
