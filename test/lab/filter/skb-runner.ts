/**
 * Runs in a guest beside the agent's native libraries: makes packets of its kernel, of which a part is in page
 * fragments and a VLAN tag is outside, lets them wait in a packet socket's queue, and has every filter decide on
 * all of them there.
 */
import { execFileSync } from 'node:child_process';
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { possibleCpus } from '../../../remote-agent/kernel/cpus.ts';
import { readKallsyms } from '../../../remote-agent/kernel/kallsyms.ts';
import {
  closeObject,
  findMap,
  findProgram,
  initialValue,
  mapFd,
  runProgram,
  type BpfObject,
} from '../../../remote-agent/native/libbpf.ts';
import { mapShared, pageSize, type Mapping } from '../../../remote-agent/native/libc.ts';
import { readKernelBtf } from '../../../remote-agent/btf/kernel-btf.ts';
import { findDirectReads } from '../../../remote-agent/btf/find-direct-reads.ts';
import type { PacketMemory } from '../../../remote-agent/programs/packet-memory.ts';
import { loadLinked } from '../../../remote-agent/programs/link.ts';
import { koffi, nativeFile, useAgentFolder } from '../../../remote-agent/native/native.ts';
import { findPageVariables } from '../../../remote-agent/kernel/page-variables.ts';
import type { CompiledFilter } from '../../../common/protocol.ts';
import { encodeTraceConfig } from '../../../remote-agent/programs/trace-config.ts';

/** Standard input, JSON; bytes in base64. */
export interface SkbRunnerInput {
  /** skb.bpf.c, compiled. */
  program: string;
  filters: CompiledFilter[];
  /** At most 64: what is sent, and how many bytes of it are to be linear. */
  packets: Record<Side, { data: string; linear: number }[]>;
}

type Side = 'l2' | 'l3';

interface Decisions {
  /** A digit for each packet: 1 matches, 0 does not. */
  decisions: string;
  /** How many bytes of each packet are linear. */
  linear: number[];
}

/** Standard output, JSON. */
export interface SkbRunnerResult {
  ifindex: Record<Side, number>;
  filters: Record<Side, Decisions>[];
}

/** As in skb.bpf.c, and where its variables are. */
const QUEUE_PACKETS = 64;
const ROUND_PACKETS = 8;
const DECISIONS_AT = 24;
const TUNSETIFF = 0x400454ca;
/** include/uapi/linux/if_tun.h: IFF_TUN, IFF_TAP; no packet information before each packet, but a virtio header. */
const IFF = { l3: 0x0001, l2: 0x0002, noPi: 0x1000, vnetHdr: 0x4000 };
const VIRTIO_HEADER_BYTES = 10;
const AF_PACKET = 17;
const SOCK_RAW = 3;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const RECEIVE_BYTES = 1 << 26;

useAgentFolder(__dirname);
const input = JSON.parse(readFileSync(0, 'utf8')) as SkbRunnerInput;
writeFileSync(nativeFile('skb.bpf.o'), Buffer.from(input.program, 'base64'));

function bindLibc() {
  const libc = koffi().load('libc.so.6');
  return {
    ioctl: libc.func('int ioctl(int, ulong, void *)'),
    socket: libc.func('int socket(int, int, int)'),
    bind: libc.func('int bind(int, void *, uint)'),
    setsockopt: libc.func('int setsockopt(int, int, int, void *, uint)'),
  };
}

function check(result: unknown, what: string): number {
  if ((result as number) < 0) throw new Error(`${what}: error ${koffi().errno()}`);
  return result as number;
}

/** A network device whose packets this process sends. */
function makeDevice(libc: ReturnType<typeof bindLibc>, side: Side): { fd: number; ifindex: number } {
  const name = `test-${side}`;
  execFileSync('modprobe', ['tun']);
  const fd = openSync('/dev/net/tun', 'r+');
  const request = Buffer.alloc(40);
  request.write(name);
  request.writeUInt16LE(IFF[side] | IFF.noPi | IFF.vnetHdr, 16);
  check(libc.ioctl(fd, TUNSETIFF, request), 'TUNSETIFF');
  writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
  execFileSync('ip', ['link', 'set', name, 'up']);
  return { fd, ifindex: Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1')) };
}

/** Gets everything that comes in through the device, and nobody reads it. */
function makeSocket(libc: ReturnType<typeof bindLibc>, ifindex: number): void {
  const fd = check(libc.socket(AF_PACKET, SOCK_RAW, 0), 'socket');
  const bytes = new Uint8Array(Int32Array.of(RECEIVE_BYTES).buffer);
  check(libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes, bytes.length), 'SO_RCVBUFFORCE');
  const address = Buffer.alloc(20); // struct sockaddr_ll
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(ifindex, 4);
  check(libc.bind(fd, address, address.length), 'bind');
}

function withObject<T>(filter: CompiledFilter | null, use: (object: BpfObject, state: Mapping) => T): T {
  const object = loadLinked('skb.bpf.o', filter, memory, (opened) => {
    initialValue(findMap(opened, '.rodata')).set(config);
  });
  const state = mapShared(mapFd(findMap(object, '.bss')), 0, pageSize(), true);
  try {
    return use(object, state);
  } finally {
    state.unmap();
    closeObject(object);
  }
}

/** Sends the packets while a probe looks out for the socket that gets them; returns its address. */
function fillQueue(fd: number, packets: SkbRunnerInput['packets']['l2']): bigint {
  return withObject(null, (object, state) => {
    const library = koffi().load(nativeFile('libbpf.so.1'));
    const attach = library.func('void *bpf_program__attach_kprobe(void *, bool, str)');
    const link: unknown = attach(findProgram(object, 'note_socket'), false, 'sock_def_readable');
    if (link === null) throw new Error('sock_def_readable cannot be probed');
    for (const { data, linear } of packets) {
      const header = Buffer.alloc(VIRTIO_HEADER_BYTES);
      header.writeUInt16LE(linear, 2);
      writeSync(fd, Buffer.concat([header, Buffer.from(data, 'base64')]));
    }
    execFileSync('sleep', ['0.5']); // a softirq may bring the last ones
    library.func('int bpf_link__destroy(void *)')(link);
    return new BigUint64Array(state.buffer, 0, 1)[0]!;
  });
}

function decide(filter: CompiledFilter, sockets: Record<Side, bigint>): Record<Side, Decisions> {
  return withObject(filter, (object, state) => {
    const program = findProgram(object, 'match_queue');
    const ask = (socket: bigint): Decisions => {
      new Uint8Array(state.buffer).fill(0);
      new BigUint64Array(state.buffer, 0, 1)[0] = socket;
      for (let done = 0; done < QUEUE_PACKETS; done += ROUND_PACKETS) runProgram(program);
      const all = [...new Uint8Array(state.buffer, DECISIONS_AT, QUEUE_PACKETS)];
      const decisions = all.filter((value) => value !== 0);
      const linear = [...new Uint32Array(state.buffer, DECISIONS_AT + QUEUE_PACKETS, decisions.length)];
      return { decisions: decisions.map((value) => value - 1).join(''), linear };
    };
    return { l2: ask(sockets.l2), l3: ask(sockets.l3) };
  });
}

/** A socket's queue with the packets of one side; it and the device live as long as this process. */
function prepare(side: Side): { socket: bigint; ifindex: number } {
  const libc = bindLibc();
  const device = makeDevice(libc, side);
  makeSocket(libc, device.ifindex);
  return { socket: fillQueue(device.fd, input.packets[side]), ifindex: device.ifindex };
}

let memory: PacketMemory;
let config: Uint8Array;

async function main(): Promise<void> {
  const kallsyms = await readKallsyms();
  const directReads = findDirectReads(await readKernelBtf());
  memory = { pages: findPageVariables(kallsyms), directReads };
  config = encodeTraceConfig({
    kprobeMulti: false,
    fentryMulti: false,
    filtered: true,
    dropReasonArgument: -1,
    leavesOutOwn: false,
    localSockets: true,
    directReads: directReads !== undefined,
    generation: 0,
    track: false,
    bystanders: false,
    xdp: false,
    skbMetadata: 0,
    xdpMetadata: 0,
    extras: 0,
    packetBytes: 0,
    cpus: possibleCpus(),
  });
  const [l2, l3] = [prepare('l2'), prepare('l3')];
  const result: SkbRunnerResult = {
    ifindex: { l2: l2.ifindex, l3: l3.ifindex },
    filters: input.filters.map((filter) => decide(filter, { l2: l2.socket, l3: l3.socket })),
  };
  process.stdout.write(JSON.stringify(result));
}

void main();
