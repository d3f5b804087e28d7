import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HostKeyStore } from '../target/connection.ts';

/** Host keys that the user accepted in the terminal; the user's own known_hosts is never written. */
export function hostKeyFile(env: NodeJS.ProcessEnv = process.env): HostKeyStore {
  const config = env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  const path = join(config, 'kernel-packet-trace', 'known_hosts');
  return {
    read: () =>
      readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      }),
    append: async (line) => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await appendFile(path, `${line.trimEnd()}\n`, { mode: 0o600 });
    },
  };
}
