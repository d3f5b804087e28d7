import type { ConnectOptions } from '../target/connection.ts';
import type { Environment } from './environment.ts';
import type { CheckOptions } from './options.ts';
import type { Status } from './output/status.ts';
import { terminalPrompts } from './terminal-prompts.ts';

/** How a command reaches its target: what was asked for on the command line, and this terminal. */
export function targetOptions(
  options: Omit<CheckOptions, 'name' | 'json' | 'verbose'>,
  { distDir, hostKeys, interrupt, onCtrlC }: Environment,
  status: Status,
): ConnectOptions {
  const { target, identity, hostKeyCheck, sshClient, targetFolder } = options;
  return {
    target,
    identity: identity || undefined,
    hostKeyCheck,
    sshClient,
    distDir,
    targetFolder: targetFolder || undefined,
    hostKeys,
    prompts: terminalPrompts(hostKeyCheck, status, onCtrlC),
    log: status.log,
    signal: interrupt,
    onProgress: (message) => status.progress(message),
  };
}
