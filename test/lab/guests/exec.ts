import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestUser } from './seed.ts';

export interface ExecOptions {
  user?: GuestUser;
  /** After this long the command is given up (code 124); default 60 s. */
  timeoutMs?: number;
  /** Its standard input. */
  input?: string;
}

export interface ExecResult {
  /** Exit code; 255 when SSH itself failed, 124 when the time was over. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface Access {
  port: number;
  privateKey: string;
  knownHosts: string;
}

/** A connection that takes longer than this is left to the command's own attempt and its time limit. */
const CONNECT_LIMIT_MS = 30_000;

/** Arguments of the system's ssh that reach a guest and read nothing of the user's own SSH settings. */
export function sshArguments({ port, privateKey, knownHosts }: Access, user: GuestUser): string[] {
  const options = {
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    IdentityAgent: 'none',
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    ConnectTimeout: '20',
    LogLevel: 'ERROR',
  };
  const settings = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['-F', '/dev/null', ...settings, '-i', privateKey, '-p', String(port), `${user}@127.0.0.1`];
}

/**
 * Runs shell commands in a guest with the system's ssh. Logging in costs the emulated sshd about a second of
 * CPU, a session of a connection that stands 0.1 s: so each user's commands share one connection. A test may
 * cut it; the next command connects again.
 */
export class GuestShell {
  private readonly masters = new Map<GuestUser, { child: ChildProcess; ready: Promise<void> }>();

  constructor(
    private readonly access: Access,
    /** For the control sockets. */
    private readonly dir: string,
  ) {}

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const { user = 'root', timeoutMs = 60_000, input } = options;
    await this.connect(user);
    // Without a living master ssh makes a connection of its own.
    const args = ['-S', this.socket(user), ...sshArguments(this.access, user), '--', command];
    const result = await runToEnd(args, timeoutMs, input ?? '');
    if (result.code === 255) await this.end(user); // SSH failed: the next command takes a new connection
    return result;
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    for (const user of this.masters.keys()) await this.end(user);
  }

  private async end(user: GuestUser): Promise<void> {
    const child = this.masters.get(user)?.child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  private socket(user: GuestUser): string {
    return `${this.dir}/ssh-${user}`;
  }

  private connect(user: GuestUser): Promise<void> {
    const known = this.masters.get(user);
    if (known?.child.exitCode === null && known.child.signalCode === null) return known.ready;
    rmSync(this.socket(user), { force: true }); // a killed master leaves it
    const args = ['-N', '-M', '-S', this.socket(user), ...sshArguments(this.access, user)];
    const child = spawn('ssh', args, { stdio: 'ignore' });
    const ready = this.waitForMaster(child, this.socket(user));
    this.masters.set(user, { child, ready });
    return ready;
  }

  private async waitForMaster(child: ChildProcess, socket: string): Promise<void> {
    const deadline = Date.now() + CONNECT_LIMIT_MS;
    while (!existsSync(socket) && child.exitCode === null && child.signalCode === null) {
      if (Date.now() > deadline) return;
      await sleep(20);
    }
  }
}

function runToEnd(args: string[], timeoutMs: number, input: string): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', args, { stdio: 'pipe' });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined); // the command may end without reading its input
    child.stdin.end(input);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
      // The shared connection has these too and keeps them while the command runs on.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeoutMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
      resolve({ code: timedOut ? 124 : (code ?? 255), stdout: text(stdout), stderr: text(stderr) });
    });
  });
}
