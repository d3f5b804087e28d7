import type { ConnectOptions } from '../../connection.ts';
import type { SshTargetName } from '../../target-name.ts';
import type { SshConfigValues } from '../config-file.ts';

/** As our own client's; ssh(1) has none of both by default. */
const CONNECT_TIMEOUT_S = 20;
const ALIVE_INTERVAL_S = 15;
const ALIVE_MISSES = 3;

/**
 * Arguments of the ssh program for a shell on a target, without those for its connection's socket: the user's
 * configuration counts, except for what would get in the way of a plain stream of bytes.
 * @param values what the configuration says for this host
 * @returns options, and after them the host
 */
export function sshArguments(
  name: SshTargetName,
  {
    sshConfigFile,
    identity,
    hostKeyCheck,
  }: Pick<ConnectOptions, 'sshConfigFile' | 'identity' | 'hostKeyCheck'>,
  values: SshConfigValues,
): { options: string[]; host: string[] } {
  const isSet = (keyword: string) => Number(values.get(keyword)?.[0] ?? 0) > 0;
  const settings = [
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'RemoteCommand=none',
    'LogLevel=INFO',
    ...(isSet('connecttimeout') ? [] : [`ConnectTimeout=${CONNECT_TIMEOUT_S}`]),
    ...(isSet('serveraliveinterval')
      ? []
      : [`ServerAliveInterval=${ALIVE_INTERVAL_S}`, `ServerAliveCountMax=${ALIVE_MISSES}`]),
    ...(hostKeyCheck === undefined ? [] : [`StrictHostKeyChecking=${hostKeyCheck}`]),
  ];
  return {
    options: [
      ...['-T', '-x', '-a'],
      ...settings.flatMap((setting) => ['-o', setting]),
      ...(sshConfigFile === undefined ? [] : ['-F', sshConfigFile]),
      ...(name.user === undefined ? [] : ['-l', name.user]),
      ...(name.port === undefined ? [] : ['-p', String(name.port)]),
      ...(identity === undefined ? [] : ['-i', identity]),
    ],
    host: ['--', name.host],
  };
}
