import { spawn } from 'node:child_process';

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string | Uint8Array;
  signal?: AbortSignal;
}

/**
 * Runs a program to its end and returns its standard output.
 * @throws Error naming the command, its exit code and the end of its output when it fails.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      signal: options.signal,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined); // the program may end without reading its input
    child.stdin.end(options.input);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const text = Buffer.concat(stdout).toString();
      if (code === 0) {
        resolve(text);
        return;
      }
      const tail = `${Buffer.concat(stderr).toString()}\n${text}`.trim().slice(-2000);
      reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}:\n${tail}`));
    });
  });
}
