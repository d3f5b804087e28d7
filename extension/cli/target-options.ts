import type { ConnectOptions } from '../target/connection.ts';
import type { Environment } from './environment.ts';
import type { CheckOptions } from './options.ts';
import type { Status } from './output/status.ts';
import { terminalPrompts } from './terminal-prompts.ts';

/** How a command reaches its target: what was asked for on the command line, and this terminal. */
export function targetOptions(
  { target, identity, hostKeyCheck }: Pick<CheckOptions, 'target' | 'identity' | 'hostKeyCheck'>,
  { distDir, hostKeys, interrupt }: Environment,
  status: Status,
): ConnectOptions {
  return {
    target,
    identity,
    distDir,
    hostKeys,
    prompts: terminalPrompts(hostKeyCheck, status),
    log: status.log,
    signal: interrupt,
    onProgress: (message) => status.progress(message),
  };
}
