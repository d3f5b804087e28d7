import { readdirSync, readlinkSync } from 'node:fs';
import type { Attached } from '../../common/protocol.ts';
import { readText } from './read-file.ts';

const FOLDER = '/sys/class/net';

/** The network interfaces of the agent's own network namespace. Those of others have no names here. */
export function readInterfaces(): Attached['devices'] {
  const netns = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);
  const devices: Attached['devices'] = [];
  for (const name of readdirSync(FOLDER)) {
    // None: gone since the folder was read, or a plain file such as bonding_masters.
    const ifindex = readText(`${FOLDER}/${name}/ifindex`);
    if (ifindex !== undefined) devices.push({ netns, ifindex: Number(ifindex), name });
  }
  return devices;
}
