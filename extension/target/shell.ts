/**
 * Running commands on a target. Every command is `/bin/sh` alone, and the script goes in on standard input:
 * so the user's login shell (csh, fish) never has anything to parse, and no secret is in any argv. The script
 * first prints a mark; what login files print before it is dropped.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { cancelled, PacketTraceError, throwIfCancelled } from '../base/errors.ts';
import { quoted } from '../base/printable.ts';

/** Where a `/bin/sh` can be started: a connection, or this machine. */
export interface Shell {
  /** For messages: the host. */
  readonly name: string;
  /** @throws PacketTraceError `connection-lost`, `target-unsupported` or `cancelled` */
  start(signal?: AbortSignal): Promise<ShellProcess>;
}

export interface ShellProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles after the process ended; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  kill(): void;
}

export interface ProcessEnd {
  code: number | undefined;
  signal: string | undefined;
  /** The connection broke before the end was known. */
  lost: boolean;
}

export interface ScriptResult {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

export interface ScriptOptions {
  /** Written to the script's standard input, which is then closed. */
  input?: Readable | Buffer;
  signal?: AbortSignal | undefined;
  /** Without input, a script must be done by then. */
  timeoutMs?: number;
}

const START_LIMIT_MS = 30_000;
const SCRIPT_LIMIT_MS = 60_000;
/** More than that before the mark, or as a result, is not one of our scripts. */
const OUTPUT_LIMIT = 256 * 1024;
const STDERR_LIMIT = 8 * 1024;

/** Quotes for sh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A script whose mark was seen; standard output begins after the mark. */
export interface RunningScript {
  readonly process: ShellProcess;
  /** The end of what came on standard error so far. */
  readonly stderr: () => string;
}

/**
 * Starts a script and waits for its mark. From then on standard input belongs to the script's commands: sh
 * has read the whole script, a compound command, before running it.
 * @throws PacketTraceError `target-unsupported` when there is no usable /bin/sh, `connection-lost`, `cancelled`
 */
export async function startScript(
  shell: Shell,
  script: string,
  signal?: AbortSignal,
): Promise<RunningScript> {
  throwIfCancelled(signal);
  const process = await shell.start(signal);
  const mark = `kpt-${randomBytes(8).toString('hex')}`;
  let stderr = '';
  process.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-STDERR_LIMIT)));
  process.stdin.on('error', () => undefined); // the end of the process tells more
  const text = `{\nunset NODE_OPTIONS ENV\nLC_ALL=C LANGUAGE=C\nexport LC_ALL LANGUAGE\nprintf '%s\\n' ${mark}\n${script}\nexit $?\n}\n`;
  process.stdin.write(text);
  const running = { process, stderr: () => stderr };
  const noise = await readThrough(running, mark, signal).catch((error: unknown) => {
    process.kill();
    throw error;
  });
  if (noise === undefined) {
    stderr = ''; // what login files had to say
    return running;
  }
  const end = await process.ended;
  if (end.lost) throw connectionLost(shell);
  const said = `${noise}\n${stderr}`.trim();
  throw new PacketTraceError(
    'target-unsupported',
    `${shell.name} ran no /bin/sh${said === '' ? '.' : `; it answered: ${quoted(said)}.`}`,
    'The account needs a shell that may run commands over SSH (not nologin, no forced command).',
  );
}

/** Runs a script to its end. @throws as startScript, and `deploy` when it takes too long. */
export async function runScript(
  shell: Shell,
  script: string,
  options: ScriptOptions = {},
): Promise<ScriptResult> {
  let inputError: Error | undefined;
  let stop: () => void = () => undefined;
  // From the first moment: an input may fail while the script is still starting.
  if (options.input instanceof Readable) {
    options.input.on('error', (error) => {
      inputError = error;
      stop();
    });
  }
  const { process, stderr } = await startScript(shell, script, options.signal);
  const chunks: Buffer[] = [];
  let bytes = 0;
  process.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= OUTPUT_LIMIT) chunks.push(chunk);
  });
  stop = () => process.kill();
  let late = false;
  const timer =
    options.input === undefined
      ? setTimeout(() => {
          late = true;
          stop();
        }, options.timeoutMs ?? SCRIPT_LIMIT_MS)
      : undefined;
  options.signal?.addEventListener('abort', stop);
  try {
    if (options.input === undefined || Buffer.isBuffer(options.input)) process.stdin.end(options.input);
    else if (inputError === undefined) options.input.pipe(process.stdin);
    else stop();
    const end = await process.ended;
    throwIfCancelled(options.signal);
    if (inputError !== undefined) {
      throw new PacketTraceError('deploy', `Could not read what to send: ${inputError.message}.`, '', {
        cause: inputError,
      });
    }
    if (late) throw new PacketTraceError('deploy', `A command on ${shell.name} did not end in time.`);
    if (end.lost) throw connectionLost(shell);
    return { code: end.code, stdout: Buffer.concat(chunks).toString(), stderr: stderr() };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
  }
}

/**
 * Reads standard output up to and including the line `mark` and puts back what follows it.
 * @returns undefined, or what was read when the output ended without the mark
 */
export function readThrough(
  running: RunningScript,
  mark: string,
  signal?: AbortSignal,
  limitMs = START_LIMIT_MS,
): Promise<string | undefined> {
  const { stdout } = running.process;
  const needle = Buffer.from(`${mark}\n`);
  let seen = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => finish(() => resolve(`${seen.toString()} (and then nothing for ${limitMs / 1000} s)`), true),
      limitMs,
    );
    const finish = (settle: () => void, kill = false) => {
      clearTimeout(timer);
      stdout.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      signal?.removeEventListener('abort', onAbort);
      if (kill) running.process.kill();
      settle();
    };
    // Not 'data': a stream that was paused explicitly would not flow for its next reader.
    const onReadable = () => {
      for (;;) {
        const chunk = stdout.read() as Buffer | null;
        if (chunk === null) return;
        seen = Buffer.concat([seen, chunk]);
        const at = seen.indexOf(needle);
        if (at >= 0) {
          const rest = seen.subarray(at + needle.length);
          if (rest.length > 0) stdout.unshift(rest);
          finish(() => resolve(undefined));
          return;
        }
        if (seen.length > OUTPUT_LIMIT) {
          finish(() => resolve(seen.toString('utf8', 0, 1000)), true);
          return;
        }
      }
    };
    const onEnd = () => finish(() => resolve(seen.toString()));
    const onAbort = () => finish(() => reject(cancelled()), true);
    signal?.addEventListener('abort', onAbort);
    stdout.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
  });
}

export function connectionLost(shell: Pick<Shell, 'name'>): PacketTraceError {
  return new PacketTraceError(
    'connection-lost',
    `The connection to ${shell.name} was lost.`,
    'Check the network and connect again.',
  );
}
