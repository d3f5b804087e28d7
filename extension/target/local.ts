import { spawn } from 'node:child_process';
import { PacketTraceError } from '../base/errors.ts';
import type { ProcessEnd, Shell, ShellProcess } from './shell.ts';

/** This machine as a target: the same scripts, in child processes. */
export class LocalShell implements Shell {
  readonly name = 'this machine';
  readonly #running = new Set<ShellProcess>();

  constructor(private readonly env: NodeJS.ProcessEnv = process.env) {}

  start(): Promise<ShellProcess> {
    const child = spawn('/bin/sh', [], { stdio: ['pipe', 'pipe', 'pipe'], env: this.env });
    const ended = new Promise<ProcessEnd>((resolve) => {
      child.on('close', (code, signal) =>
        resolve({ code: code ?? undefined, signal: signal ?? undefined, lost: false }),
      );
    });
    const started: ShellProcess = {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      ended,
      kill: () => child.kill(),
    };
    this.#running.add(started);
    void ended.then(() => this.#running.delete(started));
    return new Promise((resolve, reject) => {
      child.on('spawn', () => resolve(started));
      child.on('error', (cause) =>
        reject(
          new PacketTraceError(
            'target-unsupported',
            `This machine cannot be traced: it has no /bin/sh (${cause.message}).`,
            'Packets can be traced on Linux; name a Linux host to reach over SSH.',
            { cause },
          ),
        ),
      );
    });
  }

  /** Ends what still runs by the end of its input; as root, it could not be killed from here. */
  dispose(): void {
    for (const running of this.#running) running.stdin.end();
  }
}

/**
 * The Node that this program runs on. Desktop VS Code runs it in Electron, which refuses the memory that the agent's
 * libraries map: never that (undefined), but the one in PATH, or ours.
 */
export function localNode(): LocalNode | undefined {
  if (process.versions.electron !== undefined) return undefined;
  return { path: process.execPath, version: process.version, origin: 'own' };
}

export interface LocalNode {
  path: string;
  version: string;
  origin: 'own';
}
