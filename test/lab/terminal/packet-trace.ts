/** The built terminal front end as a user runs it, against a guest. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { distDir } from '../../../build/paths.ts';
import { bootGuest, type BootOptions, type Guest, type GuestUser } from '../guests/guest.ts';
import { stopGuest } from '../guests/stop.ts';

/** Uploading Node to an emulated guest, then attaching on a kernel without FPROBE. */
export const START_LIMIT_MS = 240_000;
const END_LIMIT_MS = 60_000;

export interface Ended {
  code: number | undefined;
  signal: NodeJS.Signals | undefined;
  stdout: string;
  stderr: string;
}

/** A home folder of its own: nothing of the developer's SSH settings counts, and nothing of theirs is changed. */
export class Home {
  readonly dir = mkdtempSync(join(tmpdir(), 'packet-trace-home-'));
  readonly #running = new Set<PacketTrace>();

  /** Where the terminal keeps the host keys that it accepted. */
  get knownHosts(): string {
    return join(this.dir, '.config', 'kernel-packet-trace', 'known_hosts');
  }

  constructor(guest?: Guest) {
    mkdirSync(join(this.knownHosts, '..'), { recursive: true });
    if (guest !== undefined) copyFileSync(guest.knownHosts, this.knownHosts);
  }

  /**
   * Starts `packet-trace` with these arguments; its standard input stays open.
   * @param path where it finds other programs
   */
  start(args: readonly string[], path = process.env.PATH): PacketTrace {
    const started = new PacketTrace(this.dir, args, path);
    this.#running.add(started);
    void started.ended.then(() => this.#running.delete(started));
    return started;
  }

  /** Runs `packet-trace` to its end, with this standard input. */
  run(args: readonly string[], input = ''): Promise<Ended> {
    const started = this.start(args);
    started.child.stdin.end(input);
    return started.end(START_LIMIT_MS);
  }

  /** `packet-trace` with these arguments as a shell command. */
  command(args: readonly string[]): string {
    return [process.execPath, join(distDir, 'packet-trace.cjs'), ...args].join(' ');
  }

  /** Ends what still runs and removes the folder. */
  async dispose(): Promise<void> {
    for (const running of [...this.#running]) {
      running.kill('SIGKILL');
      await running.ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class PacketTrace {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;

  constructor(home: string, args: readonly string[], path: string | undefined) {
    const env = { PATH: path, HOME: home, TZ: 'UTC' };
    // A session of its own has no terminal that could be asked.
    this.child = spawn(process.execPath, [join(distDir, 'packet-trace.cjs'), ...args], {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdin.on('error', () => undefined); // it may end without reading
    this.child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve({
          code: code ?? undefined,
          signal: signal ?? undefined,
          stdout: this.stdout,
          stderr: this.stderr,
        });
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The objects of --json so far. */
  get objects(): Record<string, unknown>[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits for a condition on what was printed. @throws Error with the output when it does not come, or the program ends */
  async until(what: string, condition: () => boolean, limitMs = END_LIMIT_MS): Promise<void> {
    const deadline = Date.now() + limitMs;
    let over = false;
    void this.ended.then(() => (over = true));
    while (!condition()) {
      if (over || Date.now() > deadline)
        throw new Error(
          `${what} did not come; packet-trace printed:\n${this.stderr}\n${this.stdout.slice(-4000)}`,
        );
      await sleep(50);
    }
  }

  /** Waits until the probes are attached. */
  attached(): Promise<void> {
    const said = () => this.stderr.includes('Tracing ') || this.stdout.includes('{"type":"attached"');
    return this.until('the attachment', said, START_LIMIT_MS);
  }

  /** Waits for the end. @throws Error when it does not come */
  async end(limitMs = END_LIMIT_MS): Promise<Ended> {
    let over: Ended | undefined;
    void this.ended.then((ended) => (over = ended));
    await this.until('the end', () => over !== undefined || this.child.exitCode !== null, limitMs).catch(
      (error: unknown) => {
        if (over === undefined) throw error;
      },
    );
    return this.ended;
  }

  /** Ctrl-C, and the end. */
  async interrupt(): Promise<Ended> {
    this.kill('SIGINT');
    return this.end();
  }
}

/** The arguments that reach a guest as a user. */
export function targetArgs(guest: Guest, user: GuestUser = 'root'): string[] {
  return [`${user}@127.0.0.1:${guest.port}`, '--identity', guest.privateKey];
}

/** Registers hooks: for the tests of one suite a guest, and a home whose user has its host key. */
export function guestAndHome(options: BootOptions): { guest: () => Guest; home: () => Home } {
  let guest: Guest;
  let home: Home;
  before(async () => {
    guest = await bootGuest(options);
    home = new Home(guest);
  });
  after(async () => {
    await home.dispose();
    await stopGuest(guest);
  });
  return { guest: () => guest, home: () => home };
}
