/** Speaks the agent's protocol over the system's ssh: the agent alone, without engine or deployment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { distDir } from '../../../build/paths.ts';
import { run } from '../../../build/run.ts';
import { encodeJsonFrame, FrameDecoder } from '../../../common/framing.ts';
import { parseMessage } from '../../../common/messages.ts';
import {
  EventsHeader,
  FrameKind,
  HEARTBEAT_INTERVAL_MS,
  type Message,
  type Request,
} from '../../../common/protocol.ts';
import { type DecodedEvent, EventDecoder } from '../../support/agent/decode-events.ts';
import { sshArguments, type Access } from '../guests/exec.ts';

/** Where tests put the agent in a guest. */
export const AGENT_FOLDER = '/root/agent';

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
  missed = 0;
  untracked = 0;
  readonly #decoder = new EventDecoder();
  stderr = '';
  readonly closed: Promise<number | null>;
  readonly #ssh: ChildProcess;
  #ping: NodeJS.Timeout | undefined;

  constructor(access: Access, command = `node ${AGENT_FOLDER}/agent.cjs serve`) {
    const ssh = spawn('ssh', [...sshArguments(access, 'root'), command], { stdio: 'pipe' });
    this.#ssh = ssh;
    const decoder = new FrameDecoder((kind, payload) => {
      if (kind === FrameKind.Json) this.messages.push(parseMessage(payload));
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
    this.speak();
  }

  /** Pings from now on. */
  speak(): void {
    clearInterval(this.#ping);
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
    this.lost = payload.readDoubleLE(EventsHeader.lost);
    this.missed = payload.readDoubleLE(EventsHeader.missed);
    this.untracked = payload.readDoubleLE(EventsHeader.untracked);
    this.events.push(...this.#decoder.decode(payload));
  }
}
