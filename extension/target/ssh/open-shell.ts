import { PacketTraceError } from '../../base/errors.ts';
import type { ConnectOptions } from '../connection.ts';
import type { Shell } from '../shell.ts';
import { formatTargetName } from '../target-name.ts';
import type { SshTargetName } from '../target-name.ts';
import { displayName } from './client.ts';
import { hasSystemSsh, reasonForSystem } from './client-choice.ts';
import { readValues, settingsFrom } from './config.ts';
import { identityFileError } from './identities.ts';
import { connectSsh } from './jump.ts';
import { expandHome, readKeyFile } from './key-file.ts';
import { SystemSsh } from './system/system-ssh.ts';

/** A connection to a host. */
export interface RemoteShell extends Shell {
  dispose(): void;
}

/**
 * Connects to a host with the SSH client that the user wants, or with the one that can.
 * @throws PacketTraceError
 */
export async function openShell(name: SshTargetName, options: ConnectOptions): Promise<RemoteShell> {
  const identity = options.identity === undefined ? undefined : expandHome(options.identity);
  const request = { ...options, identity };
  if (options.sshClient === 'system') return openSystem(name, request);
  const reason = options.sshClient === 'auto' ? await reasonAgainstBuiltin(name, request) : undefined;
  if (reason !== undefined) return openSystem(name, request, reason);
  try {
    return await openBuiltin(name, request);
  } catch (error) {
    // Which key exchanges a host knows shows only there.
    const cannotTalk = error instanceof PacketTraceError && /no matching [\w ]+/i.exec(error.message)?.[0];
    if (options.sshClient !== 'auto' || typeof cannotTalk !== 'string' || !(await hasSystemSsh()))
      throw error;
    return openSystem(name, request, `the built-in client and the host have ${cannotTalk}`);
  }
}

async function openBuiltin(name: SshTargetName, request: ConnectOptions): Promise<RemoteShell> {
  if (request.identity !== undefined) {
    const file = await readKeyFile(request.identity);
    if (file.kind === 'unusable') throw identityFileError(file);
  }
  return connectSsh(name, request);
}

async function reasonAgainstBuiltin(
  name: SshTargetName,
  { sshConfigFile, identity, log }: ConnectOptions,
): Promise<string | undefined> {
  const values = await readValues(name, sshConfigFile, log);
  const reason = await reasonForSystem(settingsFrom(values, name), values, identity);
  if (reason === undefined) {
    log.info(`${formatTargetName(name)}: the built-in SSH client connects`);
    return undefined;
  }
  if (await hasSystemSsh()) return reason;
  log.warn(`${formatTargetName(name)}: ${reason}, but there is no ssh program; the built-in client tries`);
  return undefined;
}

async function openSystem(
  name: SshTargetName,
  request: ConnectOptions,
  reason = 'the settings say so',
): Promise<RemoteShell> {
  const { log, onProgress, sshConfigFile } = request;
  log.info(`${formatTargetName(name)}: the system's ssh connects, because ${reason}`);
  onProgress?.(`Connecting to ${formatTargetName(name)} with the system's ssh, because ${reason}`);
  const values = await readValues(name, sshConfigFile, log);
  return SystemSsh.connect({
    ...request,
    target: name,
    name: displayName(settingsFrom(values, name)),
    values,
  });
}
