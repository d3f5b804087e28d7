/** Network devices of a namespace. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { enterNetns, interfaceIndex } from '../native/libc.ts';
import { type Namespace, ownNamespace } from './namespaces.ts';

/**
 * Their numbers by name. The thread visits the namespace meanwhile.
 * @throws Error when the namespace is gone, or the agent may not enter it
 */
export function devicesIn({ inode, path }: Namespace): Map<string, number> {
  const own = ownNamespace();
  if (inode === own.inode) return devicesHere();
  const back = openSync(own.path, 'r');
  const there = openSync(path, 'r');
  try {
    enterNetns(there);
    try {
      return devicesHere();
    } finally {
      enterNetns(back);
    }
  } finally {
    closeSync(there);
    closeSync(back);
  }
}

/** Of the namespace that this thread is in. */
function devicesHere(): Map<string, number> {
  const [, , ...lines] = readFileSync('/proc/thread-self/net/dev', 'latin1').split('\n');
  const devices = new Map<string, number>();
  for (const line of lines) {
    const name = line.slice(0, line.lastIndexOf(':')).trim();
    const index = name === '' ? 0 : interfaceIndex(name);
    if (index !== 0) devices.set(name, index);
  }
  return devices;
}
