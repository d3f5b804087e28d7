/** A TCP connection and its two forms: text for people, bytes as in an event (struct connection of bpf/own-connections.h). */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { ConnectionLayout as At } from '../../common/layouts.ts';

export interface Endpoint {
  address: string;
  port: number;
}

/** As this machine sees it. */
export interface Connection {
  local: Endpoint;
  remote: Endpoint;
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

/** The other way round. An IPv6 address whose last twelve bytes are zero is none of a host. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.subarray(4, 16).every((byte) => byte === 0)) return bytes.subarray(0, 4).join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** `struct connection` for packets that this machine sends. Undefined: these are no IP addresses. */
export function encodeConnection({ local, remote }: Connection): Uint8Array | undefined {
  const source = addressBytes(local.address);
  const destination = addressBytes(remote.address);
  if (source === undefined || destination === undefined) return undefined;
  const bytes = new Uint8Array(At.bytes);
  const view = new DataView(bytes.buffer);
  bytes.set(source, At.source);
  bytes.set(destination, At.destination);
  view.setUint16(At.sourcePort, local.port, true);
  view.setUint16(At.destinationPort, remote.port, true);
  return bytes;
}

/** @param bytes a `struct connection` */
export function decodeConnection(bytes: Uint8Array): Connection {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const endpoint = (address: number, port: number): Endpoint => ({
    address: addressText(bytes.subarray(address, address + 16)),
    port: view.getUint16(port, true),
  });
  return { local: endpoint(At.source, At.sourcePort), remote: endpoint(At.destination, At.destinationPort) };
}
