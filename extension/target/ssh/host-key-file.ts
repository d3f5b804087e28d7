import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HostKeyStore } from '../connection.ts';
import { type KnownHost, matchesHost, parseKnownHosts } from './known-hosts.ts';

/** A store that keys can be taken out of. */
export interface HostKeyFile extends HostKeyStore {
  readonly file: string;
  list(): Promise<KnownHost[]>;
  /** Takes out all keys of a host. @param name as the store has it, e.g. `[host]:2222` @returns what was taken out */
  forget(name: string): Promise<KnownHost[]>;
}

/**
 * Host keys that the user accepted, one known_hosts line each, in a file of our own: the user's known_hosts is
 * never written.
 * @param howToForget how the user takes a host's key out of it, as the end of a sentence
 */
export function hostKeyFile(path: string, howToForget?: (host: string) => string): HostKeyFile {
  const read = () =>
    readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
  return {
    file: path,
    ...(howToForget && { howToForget }),
    read,
    async append(line) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await appendFile(path, `${line.trimEnd()}\n`, { mode: 0o600 });
    },
    list: async () => parseKnownHosts(await read(), path),
    async forget(name) {
      const lines = (await read()).split('\n');
      const isAbout = (line: string) => parseKnownHosts(line, path).some((entry) => matchesHost(entry, name));
      const gone = lines.filter(isAbout);
      if (gone.length === 0) return [];
      const next = `${path}.new`;
      await writeFile(next, lines.filter((line) => !isAbout(line)).join('\n'), { mode: 0o600 });
      await rename(next, path);
      return parseKnownHosts(gone.join('\n'), path);
    },
  };
}
