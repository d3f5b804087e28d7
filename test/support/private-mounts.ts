/** A shell of this machine with mounts that nobody else sees, and that end with it. */
import { spawn } from 'node:child_process';
import type { ProcessEnd, Shell } from '../../extension/target/shell.ts';

/** @param mounts a shell script that mounts */
export function shellWithMounts(mounts: string): Shell {
  return {
    name: 'this machine',
    start: () => {
      const args = ['--mount', '--propagation', 'private', '/bin/sh', '-e', '-c', `${mounts}\nexec /bin/sh`];
      const child = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'pipe'] });
      const ended = new Promise<ProcessEnd>((resolve) =>
        child.on('close', (code, signal) =>
          resolve({ code: code ?? undefined, signal: signal ?? undefined, lost: false }),
        ),
      );
      const { stdin, stdout, stderr } = child;
      return Promise.resolve({ stdin, stdout, stderr, ended, kill: () => child.kill() });
    },
  };
}
