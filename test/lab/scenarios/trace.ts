/** A guest's trace by the engine that the front ends share. */
import { readFile } from 'node:fs/promises';
import { distDir } from '../../../build/paths.ts';
import { startTrace, type RunningTrace } from '../../../extension/tracing/start-trace.ts';
import type { Guest } from '../guests/guest.ts';

export function traceGuest(
  { port, privateKey, knownHosts }: Pick<Guest, 'port' | 'privateKey' | 'knownHosts'>,
  { filter, functions }: { filter: string; functions: string },
): Promise<RunningTrace> {
  const silent = () => undefined;
  return startTrace({
    target: `root@127.0.0.1:${port}`,
    identity: privateKey,
    sshConfigFile: '/dev/null',
    distDir,
    hostKeys: { read: () => readFile(knownHosts, 'utf8'), append: () => Promise.resolve() },
    prompts: { confirmHostKey: () => Promise.resolve(false), secret: () => Promise.resolve(undefined) },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    filter,
    tunnelFilterL2: '',
    tunnelFilterL3: '',
    functions,
    backend: 'auto',
    track: true,
    localSockets: false,
  });
}
