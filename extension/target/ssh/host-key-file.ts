import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HostKeyStore } from '../connection.ts';

/**
 * Host keys that the user accepted, one known_hosts line each, in a file of our own: the user's known_hosts is
 * never written.
 */
export function hostKeyFile(path: string): HostKeyStore {
  return {
    read: () =>
      readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      }),
    async append(line) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await appendFile(path, `${line.trimEnd()}\n`, { mode: 0o600 });
    },
  };
}
