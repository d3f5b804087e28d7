/** The SSH connection that this process was started through. */
import { isIPv4, isIPv6 } from 'node:net';
import { readText } from './read-file.ts';

export interface Endpoint {
  address: string;
  port: number;
}

/** As this machine sees it. */
export interface Connection {
  local: Endpoint;
  remote: Endpoint;
}

/** Between us and sshd there are a shell, sudo and its helpers; more generations than these are a loop. */
const MAX_GENERATIONS = 16;

/**
 * sshd tells its children of their connection in SSH_CONNECTION. sudo does not pass it on, but was itself told:
 * hence the ancestors' environments too. Undefined: not started through SSH.
 */
export function findOwnConnection(proc = '/proc'): Connection | undefined {
  let pid = 'self';
  for (let generation = 0; generation < MAX_GENERATIONS; generation++) {
    const environment = readText(`${proc}/${pid}/environ`) ?? '';
    const value = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(environment)?.[1];
    if (value !== undefined) return parseSshConnection(value);
    const parent = /^PPid:\s*(\d+)$/m.exec(readText(`${proc}/${pid}/status`) ?? '')?.[1];
    if (parent === undefined || parent === '0') return undefined;
    pid = parent;
  }
  return undefined;
}

/** @param value client address and port, server address and port (ssh(1), ENVIRONMENT) */
export function parseSshConnection(value: string): Connection | undefined {
  const [remote = '', remotePort, local = '', localPort] = value.split(' ');
  if (addressBytes(remote) === undefined || addressBytes(local) === undefined) return undefined;
  return {
    local: { address: local, port: Number(localPort) },
    remote: { address: remote, port: Number(remotePort) },
  };
}

/** `10.0.2.15:22 - 10.0.2.2:49152` */
export function describeConnection({ local, remote }: Connection): string {
  const show = ({ address, port }: Endpoint) =>
    isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
  return `${show(local)} - ${show(remote)}`;
}

/**
 * The 16 bytes of an address as in an event: network order, IPv4 in the first four. An IPv4 address in IPv6
 * form (a socket for both) is IPv4 on the wire. Undefined: not an address.
 */
export function addressBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16);
  const address = text.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(address)) {
    bytes.set(address.split('.').map(Number));
    return bytes;
  }
  if (!isIPv6(address) || address.includes('.')) return undefined;
  const [front = '', back] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const head = groups(front);
  const tail = groups(back ?? '');
  const zeros = new Array<number>(8 - head.length - tail.length).fill(0);
  const view = new DataView(bytes.buffer);
  for (const [index, group] of [...head, ...zeros, ...tail].entries()) view.setUint16(index * 2, group);
  return bytes;
}
