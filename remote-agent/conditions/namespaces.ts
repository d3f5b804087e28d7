/** Network namespaces by path, by number and by name. */
import { readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFailure } from '../../common/errors.ts';
import { listed } from './listed.ts';

export interface Namespace {
  inode: number;
  /** A file that stands for it: setns(2) takes it. */
  path: string;
}

/** Where namespaces are to be seen, replaced in tests. */
export interface NamespaceFiles {
  proc: string;
  /** Named ones (ip-netns(8)). */
  named: string;
  /** Whether a file stands for a namespace of some kind. */
  isNamespace: (path: string) => boolean;
}

/** NSFS_MAGIC of include/uapi/linux/magic.h. */
const NSFS = 0x6e73_6673;
const FILES: NamespaceFiles = {
  proc: '/proc',
  named: '/run/netns',
  isNamespace: (path) => statfsSync(path).type === NSFS,
};
/** Of those that there are, in place of one that there is not. */
const SHOWN = 10;
const REMEDY =
  'Give --filter-netns ("netns") a path like /proc/PID/ns/net, inode:NUMBER (as "lsns -t net" prints it), or a name that "ip netns" lists.';

/** Of the agent. */
export function ownNamespace({ proc }: NamespaceFiles = FILES): Namespace {
  const path = join(proc, 'self/ns/net');
  return { inode: statSync(path).ino, path };
}

/**
 * @param asked a path, `inode:N`, or a name of /run/netns
 * @throws AgentFailure `bad-condition`, naming what there is
 */
export function findNamespace(asked: string, files: NamespaceFiles = FILES): Namespace {
  const [, number] = /^inode:(\d+)$/.exec(asked) ?? [];
  if (number !== undefined) {
    const found = allNamespaces(files).find(({ inode }) => inode === Number(number));
    if (found !== undefined) return found;
    throw missing(`There is no network namespace with the number ${number}`, files);
  }
  if (asked.startsWith('inode:'))
    throw new AgentFailure(
      'bad-condition',
      `"${asked}" is no network namespace: behind "inode:" comes its number.`,
      REMEDY,
    );
  const path = asked.startsWith('/') ? asked : join(files.named, asked);
  if (!asked.startsWith('/') && (asked.includes('/') || asked === '' || asked.startsWith('.')))
    throw missing(
      `"${asked}" is neither a path, nor inode:NUMBER, nor the name of a network namespace`,
      files,
    );
  let inode: number;
  try {
    inode = statSync(path).ino;
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : ` (${(error as Error).message})`;
    throw missing(
      asked.startsWith('/')
        ? `There is no network namespace at ${asked}${why}`
        : `There is no network namespace with the name "${asked}"${why}`,
      files,
    );
  }
  if (!files.isNamespace(path) || !isOfNetworks(path))
    throw missing(`What is at ${path} is no network namespace`, files);
  return { inode, path };
}

/** A link of /proc says of what kind its namespace is; a mounted one is believed to be of its folder's kind. */
function isOfNetworks(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('net:');
  } catch {
    return true;
  }
}

function missing(what: string, files: NamespaceFiles): AgentFailure {
  const all = allNamespaces(files).map(({ inode, label }) => `inode:${inode} (${label})`);
  return new AgentFailure('bad-condition', `${what}. There are ${listed(all, SHOWN)}.`, REMEDY);
}

/** Each once, the named ones first. */
function allNamespaces({ proc, named }: NamespaceFiles): (Namespace & { label: string })[] {
  const found = new Map<number, Namespace & { label: string }>();
  const add = (path: string, label: () => string) => {
    try {
      const inode = statSync(path).ino;
      if (!found.has(inode)) found.set(inode, { inode, path, label: label() });
    } catch {
      // It went away, or is a file that nobody has mounted a namespace on.
    }
  };
  for (const name of entries(named)) add(join(named, name), () => name);
  for (const pid of entries(proc))
    if (/^\d+$/.test(pid)) add(join(proc, pid, 'ns/net'), () => `process ${pid}, ${commandOf(proc, pid)}`);
  return [...found.values()];
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function commandOf(proc: string, pid: string): string {
  return readFileSync(join(proc, pid, 'comm'), 'latin1').trim();
}
