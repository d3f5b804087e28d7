/** Speaks the agent's protocol over the system's ssh: the agent alone, without engine or deployment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { distDir } from '../../../build/paths.ts';
import { run } from '../../../build/run.ts';
import { encodeJsonFrame, FrameDecoder } from '../../../common/framing.ts';
import {
  EventsHeader,
  FrameKind,
  HEARTBEAT_INTERVAL_MS,
  RINGBUF_HEADER_BYTES,
  type Message,
  type Request,
} from '../../../common/protocol.ts';
import { EventFlag, EventLayout } from '../../../common/layouts.ts';
import { sshArguments, type Access } from '../guests/exec.ts';

/** Where tests put the agent in a guest. */
export const AGENT_FOLDER = '/root/agent';

/** One event, decoded field by field; only what tests look at. */
export interface DecodedEvent {
  address: number;
  skb: bigint;
  timestamp: bigint;
  kind: number;
  dropReason: number;
  netns: number;
  ifindex: number;
  mtu: number;
  len: number;
  pid: number;
  cpu: number;
  protocol: number;
  comm: string;
  /** `source:port->destination:port/protocol`, IPv6 addresses in brackets; undefined: not an IP packet. */
  tuple: string | undefined;
  lostBefore: number;
  generation: number;
}

/** Copies dist/agent into the guest. */
export async function installAgent(access: Access): Promise<void> {
  const tar = spawn('tar', ['-C', join(distDir, 'agent'), '-cz', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  tar.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(tar, 'close');
  const unpack = `rm -rf ${AGENT_FOLDER} && mkdir -m 700 ${AGENT_FOLDER} && tar -C ${AGENT_FOLDER} -xz`;
  await run('ssh', [...sshArguments(access, 'root'), unpack], { input: Buffer.concat(chunks) });
}

export class AgentClient {
  readonly messages: Message[] = [];
  readonly events: DecodedEvent[] = [];
  lost = 0;
  stderr = '';
  readonly closed: Promise<number | null>;
  readonly #ssh: ChildProcess;
  #ping: NodeJS.Timeout | undefined;

  constructor(access: Access, command = `node ${AGENT_FOLDER}/agent.cjs serve`) {
    const ssh = spawn('ssh', [...sshArguments(access, 'root'), command], { stdio: 'pipe' });
    this.#ssh = ssh;
    const decoder = new FrameDecoder((kind, payload) => {
      if (kind === FrameKind.Json) this.messages.push(JSON.parse(Buffer.from(payload).toString()) as Message);
      else this.#decode(Buffer.from(payload.buffer));
    });
    ssh.stdout.on('data', (chunk: Buffer) => {
      decoder.push(chunk);
    });
    ssh.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    ssh.stdin.on('error', () => undefined); // the agent may end first
    this.closed = new Promise((resolve) =>
      ssh.on('close', (code) => {
        this.silence();
        resolve(code);
      }),
    );
    this.#ping = setInterval(() => {
      this.send({ type: 'ping' });
    }, HEARTBEAT_INTERVAL_MS);
  }

  send(request: Request): void {
    this.#ssh.stdin?.write(encodeJsonFrame(request));
  }

  /** Stops the pings. */
  silence(): void {
    clearInterval(this.#ping);
  }

  /** Ends the agent's standard input. */
  end(): void {
    this.silence();
    this.#ssh.stdin?.end();
  }

  kill(): void {
    this.#ssh.kill('SIGKILL');
  }

  /** The first message of a type, waited for. @throws Error when the agent reports one or is gone. */
  async message<Type extends Message['type']>(
    type: Type,
    timeoutMs = 60_000,
  ): Promise<Message & { type: Type }> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const found = this.messages.find((message) => message.type === type);
      if (found !== undefined) return found as Message & { type: Type };
      const error = this.messages.find((message) => message.type === 'error');
      if (error !== undefined) throw new Error(`the agent failed: ${JSON.stringify(error)}`);
      if (this.#ssh.exitCode !== null) throw new Error(`the agent ended: ${this.stderr}`);
      await sleep(20);
    }
    throw new Error(`no "${type}" from the agent in ${timeoutMs} ms; standard error: ${this.stderr}`);
  }

  #decode(payload: Buffer): void {
    const count = payload.readUInt32LE(EventsHeader.count);
    const stride = payload.readUInt32LE(EventsHeader.stride);
    this.lost = payload.readDoubleLE(EventsHeader.lost);
    for (let index = 0; index < count; index++) {
      const at = EventsHeader.bytes + index * stride + RINGBUF_HEADER_BYTES;
      this.events.push(decodeEvent(payload.subarray(at, at + EventLayout.bytes)));
    }
  }
}

function decodeEvent(record: Buffer): DecodedEvent {
  const flags = record.readUInt8(EventLayout.flags);
  const address = (offset: number) =>
    (flags & EventFlag.Ipv6) === 0
      ? record.subarray(offset, offset + 4).join('.')
      : `[${Array.from({ length: 8 }, (_, group) => record.readUInt16BE(offset + 2 * group).toString(16)).join(':')}]`;
  const comm = record.toString('latin1', EventLayout.comm, EventLayout.comm + 16);
  return {
    address: Number(record.readBigUInt64LE(EventLayout.address) & 0xffff_ffff_ffffn),
    skb: record.readBigUInt64LE(EventLayout.skb),
    timestamp: record.readBigUInt64LE(EventLayout.timestamp),
    kind: record.readUInt8(EventLayout.kind),
    dropReason: record.readUInt32LE(EventLayout.dropReason),
    netns: record.readUInt32LE(EventLayout.netns),
    ifindex: record.readUInt32LE(EventLayout.ifindex),
    mtu: record.readUInt32LE(EventLayout.mtu),
    len: record.readUInt32LE(EventLayout.len),
    pid: record.readUInt32LE(EventLayout.pid),
    cpu: record.readUInt16LE(EventLayout.cpu),
    protocol: record.readUInt16LE(EventLayout.protocol),
    comm: comm.slice(0, comm.indexOf('\0')),
    tuple:
      (flags & EventFlag.Tuple) !== 0
        ? `${address(EventLayout.sourceAddress)}:${record.readUInt16LE(EventLayout.sourcePort)}->` +
          `${address(EventLayout.destinationAddress)}:${record.readUInt16LE(EventLayout.destinationPort)}` +
          `/${record.readUInt8(EventLayout.l4Protocol)}`
        : undefined,
    lostBefore: record.readUInt32LE(EventLayout.lostBefore),
    generation: record.readUInt32LE(EventLayout.generation),
  };
}
