/** What network namespaces are called, by inode number. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readText } from './read-file.ts';

/** Where `ip netns` mounts them (ip-netns(8)): of several names for one namespace these are what users know. */
const NAMED = /^\/(var\/)?run\/netns\//;

/**
 * By the files that they are mounted on, as `ip netns` and container engines do.
 * @param mountInfo the contents of /proc/self/mountinfo: proc_pid_mountinfo(5), the root of such a mount is `net:[INODE]`
 */
export function mountedNamespaces(
  mountInfo = readText('/proc/self/mountinfo') ?? '',
): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const others = new Map<number, string>();
  for (const [, inode, path = ''] of mountInfo.matchAll(/^\S+ \S+ \S+ net:\[(\d+)\] (\S+)/gm)) {
    const file = path.replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    (NAMED.test(file) ? names : others).set(Number(inode), basename(file));
  }
  return new Map([...others, ...names]);
}

/** By the first process in each, as `nginx:4711`. */
export function namespacesOfProcesses(proc = '/proc'): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const pid of readdirSync(proc).filter((name) => /^\d+$/.test(name))) {
    try {
      const [, inode] = /^net:\[(\d+)\]$/.exec(readlinkSync(join(proc, pid, 'ns/net'))) ?? [];
      if (inode === undefined || names.has(Number(inode))) continue;
      const command = readFileSync(join(proc, pid, 'comm'), 'latin1').trim();
      names.set(Number(inode), `${command}:${pid}`);
    } catch {
      // It went away.
    }
  }
  return names;
}
