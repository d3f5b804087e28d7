/**
 * The connections that this process's input and output travel through: those of the processes that started it, sshd
 * among them. Showing a packet of theirs would send another.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { addressBytes, addressText, describeConnection, type Connection } from './connection.ts';
import { readKernelFile, readText } from './read-file.ts';

/** Between us and sshd there are a shell, sudo and its helpers; more generations than these are a loop. */
const MAX_GENERATIONS = 32;
/** Started by nobody, and what it has is nobody's way to us. */
const INIT = '1';
/** The states of a connection that has both ends, of include/net/tcp_states.h. */
const ESTABLISHED = '01';

/**
 * From the sockets of the ancestors, and from SSH_CONNECTION, which sshd sets for its children: sshd itself may be out
 * of sight, in another container. sudo does not pass the variable on, but was itself told, hence the ancestors'
 * environments. None: not started through a connection.
 */
export async function findOwnConnections(proc = '/proc', signal?: AbortSignal): Promise<Connection[]> {
  const ancestors = ancestorsOf('self', proc);
  const found = [
    ...ancestors.flatMap((pid) => sshConnection(`${proc}/${pid}`) ?? []),
    ...(await connectionsOf(ancestors, proc, signal)),
  ];
  return [...new Map(found.map((each) => [describeConnection(each), each])).values()];
}

/** The process itself, its parent and so on, without init. */
function ancestorsOf(pid: string, proc: string): string[] {
  const pids: string[] = [];
  for (
    let next: string | undefined = pid;
    next !== undefined &&
    next !== '0' &&
    next !== INIT &&
    !pids.includes(next) &&
    pids.length < MAX_GENERATIONS;
    next = /^PPid:\s*(\d+)$/m.exec(readText(`${proc}/${next}/status`) ?? '')?.[1]
  )
    pids.push(next);
  return pids;
}

function sshConnection(process: string): Connection | undefined {
  const environment = readText(`${process}/environ`) ?? '';
  const value = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(environment)?.[1];
  return value === undefined ? undefined : parseSshConnection(value);
}

/** @param value client address and port, server address and port (ssh(1), ENVIRONMENT) */
export function parseSshConnection(value: string): Connection | undefined {
  const [remote = '', remotePort, local = '', localPort] = value.split(' ');
  const [remoteBytes, localBytes] = [addressBytes(remote), addressBytes(local)];
  if (remoteBytes === undefined || localBytes === undefined) return undefined;
  return {
    local: { address: addressText(localBytes), port: Number(localPort) },
    remote: { address: addressText(remoteBytes), port: Number(remotePort) },
  };
}

/** TCP connections that one of the processes has a socket of. */
async function connectionsOf(
  pids: readonly string[],
  proc: string,
  signal: AbortSignal | undefined,
): Promise<Connection[]> {
  const inodes = new Set<string>();
  /** A process of each network namespace: /proc/PID/net lists all sockets there. */
  const namespaces = new Map<string, string>();
  for (const pid of pids) {
    const sockets = socketsOf(`${proc}/${pid}`);
    if (sockets.length === 0) continue;
    for (const inode of sockets) inodes.add(inode);
    namespaces.set(readLink(`${proc}/${pid}/ns/net`) ?? '', pid);
  }
  const connections: Connection[] = [];
  for (const pid of namespaces.values())
    for (const table of ['tcp', 'tcp6']) {
      const text = await readKernelFile(`${proc}/${pid}/net/${table}`, signal).catch(() => undefined);
      signal?.throwIfAborted();
      if (text !== undefined) connections.push(...scanTcpTable(text.toString('latin1'), inodes));
    }
  return connections;
}

/** Inode numbers of a process's sockets. */
function socketsOf(process: string): string[] {
  let names: string[];
  try {
    names = readdirSync(`${process}/fd`);
  } catch {
    return []; // gone, or not for us to see
  }
  return names.flatMap((name) => {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(`${process}/fd/${name}`) ?? '')?.[1];
    return inode ?? [];
  });
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const LINE =
  /^ *\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) ([0-9A-F]{8,32}):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (\d+)/gm;

/**
 * The established connections whose sockets have one of these inode numbers.
 * @param text of /proc/net/tcp or tcp6: addresses are words of 32 bits as this machine writes them
 */
export function scanTcpTable(text: string, inodes: ReadonlySet<string>): Connection[] {
  const found: Connection[] = [];
  for (const [, local = '', localPort = '', remote = '', remotePort = '', state, inode = ''] of text.matchAll(
    LINE,
  )) {
    if (state !== ESTABLISHED || !inodes.has(inode)) continue;
    found.push({
      local: { address: tableAddress(local), port: parseInt(localPort, 16) },
      remote: { address: tableAddress(remote), port: parseInt(remotePort, 16) },
    });
  }
  return found;
}

function tableAddress(digits: string): string {
  const bytes = Buffer.from(digits, 'hex').swap32();
  const mapped = bytes.length === 16 && bytes.readUInt32BE(8) === 0xffff && bytes.readBigUInt64BE(0) === 0n;
  const address = new Uint8Array(16);
  address.set(mapped ? bytes.subarray(12) : bytes);
  return addressText(address);
}
