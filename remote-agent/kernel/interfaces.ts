import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Attached } from '../../common/protocol.ts';

const FOLDER = '/sys/class/net';

/** The network interfaces of the agent's own network namespace. Those of others have no names here. */
export function readInterfaces(): Attached['devices'] {
  const netns = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);
  const devices: Attached['devices'] = [];
  for (const name of readdirSync(FOLDER)) {
    const ifindex = readIndex(name);
    if (ifindex !== undefined) devices.push({ netns, ifindex, name });
  }
  return devices;
}

/** Undefined: gone since the folder was read, or a plain file such as bonding_masters. */
function readIndex(name: string): number | undefined {
  try {
    return Number(readFileSync(`${FOLDER}/${name}/ifindex`, 'utf8'));
  } catch {
    return undefined;
  }
}
