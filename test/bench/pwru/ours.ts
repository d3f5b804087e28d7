/**
 * packet-trace as a user runs it, on this machine, outside of the guest; and a program that only counts what the engine
 * gives (listener.ts).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { distDir, repoRoot } from '../../../build/paths.ts';
import { AGENTS } from '../../lab/guests/our-agents.ts';
import { type Home, START_LIMIT_MS, targetArgs } from '../../lab/terminal/packet-trace.ts';
import type { BenchGuest } from './bench-guest.ts';
import type { ListenerRequest } from './listener.ts';
import type { CpuTime, Delivered, Running, Sink, Stopped, Tool } from './tool.ts';

const TICKS_A_SECOND = 100;
const POLL_MS = 5;

export class PacketTraceTool implements Tool {
  constructor(
    private readonly guest: BenchGuest,
    private readonly home: Home,
  ) {}

  async start(filter: string, sink: Sink): Promise<Running> {
    const output = join(this.home.dir, 'out');
    const ready = join(this.home.dir, 'ready');
    rmSync(ready, { force: true });
    const file = openSync(output, 'w');
    const began = performance.now();
    const args =
      sink === 'engine'
        ? this.#listener(filter)
        : [
            join(distDir, 'packet-trace.cjs'),
            ...['trace', ...targetArgs(this.guest.guest), '--ready-file', ready],
            ...(sink === 'json' ? ['--json'] : []),
            filter,
          ];
    const env = { PATH: process.env.PATH, HOME: this.home.dir, TZ: 'UTC' };
    const child = spawn(process.execPath, args, { env, cwd: repoRoot, stdio: ['pipe', file, 'pipe'] });
    closeSync(file);
    const running = new RunningTrace(this.guest, child, output, sink);
    await running.attached(began, ready);
    return running;
  }

  #listener(filter: string): string[] {
    const { port, privateKey } = this.guest.guest;
    const request: ListenerRequest = {
      target: `root@127.0.0.1:${port}`,
      identity: privateKey,
      filter,
      distDir,
      knownHosts: this.home.knownHosts,
    };
    return ['--import', 'tsx', join(repoRoot, 'test/bench/pwru/listener.ts'), JSON.stringify(request)];
  }
}

class RunningTrace implements Running {
  readonly tellsLoss = true;
  attachMs = 0;
  pid = 0;
  #sshd = 0;
  #stderr = '';
  #events = 0;
  #changed = performance.now();
  #before: CpuTime = { agent: 0, transport: 0, editor: 0 };
  readonly #ended: Promise<number | null>;
  readonly #output: OutputFile;
  readonly #poll: NodeJS.Timeout;

  constructor(
    private readonly guest: BenchGuest,
    private readonly child: ChildProcess,
    output: string,
    private readonly sink: Sink,
  ) {
    child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    this.#output = new OutputFile(output, sink);
    this.#poll = setInterval(() => this.#look(), 50);
  }

  async attached(began: number, ready: string): Promise<void> {
    const isReady = () =>
      this.sink === 'engine' ? this.#output.read() && this.#output.isAttached : existsSync(ready);
    while (!isReady()) {
      if (this.child.exitCode !== null || performance.now() - began > START_LIMIT_MS)
        throw new Error(`no trace: ${this.#stderr}`);
      await sleep(POLL_MS);
    }
    this.attachMs = performance.now() - began;
    this.pid = Number((await this.guest.sh(`${AGENTS}; true`)).trim().split('\n').at(-1));
    // sh -c above the agent is its own, under sshd's process for the connection.
    this.#sshd = Number(
      await this.guest.sh(`
        pid=${this.pid}
        until case $(cat /proc/$pid/comm) in sshd*) true ;; *) false ;; esac; do
          pid=$(sed -n 's/^PPid:\\t//p' /proc/$pid/status)
        done
        echo $pid`),
    );
    this.#before = await this.#cpuNow();
  }

  #look(): void {
    this.#output.read();
    if (this.#output.events === this.#events) return;
    this.#events = this.#output.events;
    this.#changed = performance.now();
  }

  async delivered(): Promise<Delivered> {
    this.#look();
    const quietFor = (performance.now() - this.#changed) / 1000;
    const said = /are being lost|not read as fast/.test(this.#stderr) ? 1 : 0;
    return Promise.resolve({ events: this.#events, quietFor, lost: Math.max(this.#output.lost, said) });
  }

  async cpu(): Promise<CpuTime> {
    const now = await this.#cpuNow();
    return {
      agent: now.agent - this.#before.agent,
      transport: now.transport - this.#before.transport,
      editor: now.editor - this.#before.editor,
    };
  }

  async #cpuNow(): Promise<CpuTime> {
    const [user = 0, system = 0] = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return {
      agent: await this.guest.cpuSeconds(this.pid),
      transport: await this.guest.cpuSeconds(this.#sshd),
      editor: (user + system) / TICKS_A_SECOND,
    };
  }

  async stop(): Promise<Stopped> {
    const began = performance.now();
    if (this.sink === 'engine') this.child.stdin?.end();
    else this.child.kill('SIGINT');
    await this.guest.gone('', String(this.pid));
    const goneMs = performance.now() - began;
    const code = await this.#ended;
    clearInterval(this.#poll);
    this.#look();
    if (code !== 0) throw new Error(`packet-trace ended with ${code}: ${this.#stderr}`);
    const { end } = this.#output;
    return {
      goneMs,
      events: this.#events,
      lost: end.lost,
      missed: end.missed,
      eventBytes: end.bytes / end.events,
    };
  }

  async kill(): Promise<number> {
    const milliseconds = await this.guest.gone(`kill -KILL ${this.pid}`);
    await this.#ended;
    clearInterval(this.#poll);
    return milliseconds;
  }
}

interface Totals {
  events: number;
  lost: number;
  missed: number;
  bytes: number;
}

const PIECE_BYTES = 1 << 20;
const NEWLINE = 10;

/** Counts what was written, and reads what is no event; without making strings of events. */
class OutputFile {
  events = 0;
  /** Told so far, events that were forgotten before they were printed included. */
  lost = 0;
  #skipped = 0;
  #lostInRing = 0;
  isAttached = false;
  end: Totals = { events: 0, lost: 0, missed: 0, bytes: 0 };
  #at = 0;
  #header: number;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  /** The beginning of a line whose end is not there yet. */
  #rest = '';

  constructor(
    private readonly path: string,
    private readonly sink: Sink,
  ) {
    this.#header = sink === 'text' ? 1 : 0;
  }

  /** Reads on. @returns true */
  read(): boolean {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= this.#at) return true;
    const file = openSync(this.path, 'r');
    while (this.#at < size) {
      const bytes = readSync(file, this.#piece, 0, PIECE_BYTES, this.#at);
      if (bytes === 0) break;
      this.#at += bytes;
      if (this.sink === 'text') this.#countLines(this.#piece.subarray(0, bytes));
      else this.#readObjects(this.#piece.toString('latin1', 0, bytes));
    }
    closeSync(file);
    return true;
  }

  #countLines(piece: Buffer): void {
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) {
      if (this.#header > 0) this.#header--;
      else this.events++;
    }
  }

  #readObjects(piece: string): void {
    const text = this.#rest + piece;
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      if (text.startsWith('{"type":"event"', from)) this.events++;
      else this.#object(JSON.parse(text.slice(from, to)) as Record<string, unknown>);
      from = to + 1;
    }
    this.#rest = text.slice(from);
  }

  #object(object: Record<string, unknown>): void {
    if ('attached' in object) this.isAttached = true;
    if (typeof object.events === 'number' && this.sink === 'engine') this.events = object.events;
    if (object.type === 'skipped') this.#skipped += Number(object.events);
    else if (typeof object.lost === 'number') this.#lostInRing = object.lost;
    this.lost = this.#lostInRing + this.#skipped;
    if (object.type === 'end') this.end = object as unknown as Totals;
    if (typeof object.end === 'object') {
      this.end = object.end as Totals;
      this.events = this.end.events;
    }
  }
}
