/** The demo's second front end: the same trace in the terminal, while the workbench has its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { distDir } from '../paths.ts';

const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

export interface TerminalTrace {
  /** Lines of standard output so far. */
  readonly lines: readonly string[];
  /** Ctrl-C, then waits for the totals. */
  stop(): Promise<void>;
}

/** Starts `packet-trace trace` and waits until its probes are attached; its output is shown as it comes. */
export async function startTerminalTrace(args: readonly string[], home: string): Promise<TerminalTrace> {
  const ready = join(home, 'trace-ready');
  const child = spawn(
    process.execPath,
    [join(distDir, 'packet-trace.cjs'), 'trace', '--ready-file', ready, ...args],
    { env: { ...process.env, HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    console.log(line);
  });
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!existsSync(ready)) {
    if (child.exitCode !== null)
      throw new Error(`packet-trace ended with ${child.exitCode} before it was attached`);
    if (Date.now() > deadline) {
      await end(child);
      throw new Error(`packet-trace did not attach within ${READY_TIMEOUT_MS / 1000} s`);
    }
    await sleep(100);
  }
  return { lines, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}
