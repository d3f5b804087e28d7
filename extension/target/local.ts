import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PacketTraceError } from '../base/errors.ts';
import type { Platform } from './platform.ts';
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

export interface LocalNode {
  /** The words that start Node. */
  argv: string[];
  version: string;
  origin: 'path' | 'own';
}

/** Desktop VS Code runs extensions in Electron, which is a Node if told so; one in PATH is the simpler choice. */
export function localNode(platform: Platform): LocalNode {
  if (process.versions.electron === undefined)
    return { argv: [process.execPath], version: process.version, origin: 'own' };
  const { node } = platform;
  if (node !== undefined) return { argv: [node.path], version: node.version, origin: 'path' };
  const argv = ['env', 'ELECTRON_RUN_AS_NODE=1', process.execPath];
  return { argv, version: process.version, origin: 'own' };
}

export function localAgentFile(distDir: string): string {
  return join(distDir, 'agent', 'agent.cjs');
}
