import { closeSync, openSync, utimesSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { CaptureEnd } from '../capture/api.ts';
import { asPacketTraceError, PacketTraceError } from '../errors.ts';
import type { HostKeyStore } from '../target/connection.ts';
import type { RunningTrace, TraceRequest } from '../trace.ts';
import { EventPrinter, type EventLines } from './event-printer.ts';
import { ExitCode, exitCodeOf } from './exit-codes.ts';
import {
  attachedObject,
  endObject,
  errorObject,
  eventObject,
  jsonLine,
  lostObject,
  targetObject,
} from './json-format.ts';
import type { TraceOptions } from './options.ts';
import { Status, type StatusStream } from './status.ts';
import { terminalPrompts } from './terminal-prompts.ts';
import { TextFormat } from './text-format.ts';
import { totalsOf, totalsText, type Totals } from './totals.ts';

/** What a command needs of the process it runs in. */
export interface Environment {
  stdout: Writable;
  stderr: StatusStream;
  distDir: string;
  version: string;
  hostKeys: HostKeyStore;
  /** Aborts at the first Ctrl-C. */
  interrupt: AbortSignal;
}

/** The `trace` command: from the request to the exit code. Errors are printed, not thrown. */
export async function traceCommand(
  options: TraceOptions,
  environment: Environment,
  startTrace: (request: TraceRequest) => Promise<RunningTrace>,
): Promise<ExitCode> {
  const { stdout, stderr, distDir, hostKeys, interrupt } = environment;
  const status = new Status(stderr, options.verbose);
  const began = performance.now();
  let trace: RunningTrace | undefined;
  try {
    trace = await startTrace({
      target: options.target,
      identity: options.identity,
      filter: options.filter,
      functions: options.functions,
      backend: options.backend,
      distDir,
      hostKeys,
      prompts: terminalPrompts(options.hostKeyCheck, status),
      log: status.log,
      signal: interrupt,
      onProgress: (message) => status.progress(message),
    });
    status.clear();
    const front = options.json
      ? new JsonFront(trace, stdout, environment.version)
      : new TextFront(trace, stdout, status, options);
    return await follow(trace, front, options, environment, performance.now() - began);
  } catch (error) {
    return reportError(asPacketTraceError(error), options, environment, status);
  } finally {
    await trace?.dispose();
  }
}

/** What differs between text and JSON. */
interface Front {
  readonly events: EventLines;
  readonly foldDrops: boolean;
  attached(milliseconds: number): void;
  lost(total: number): void;
  end(end: CaptureEnd, totals: Totals): void;
}

async function follow(
  trace: RunningTrace,
  front: Front,
  options: TraceOptions,
  { stdout, interrupt }: Environment,
  milliseconds: number,
): Promise<ExitCode> {
  const { capture } = trace;
  const stop = () => void capture.stop();
  const printer = new EventPrinter(capture, front.events, stdout, {
    foldDrops: front.foldDrops,
    limitLines: options.limitLines,
    onFull: stop,
  });
  front.attached(milliseconds);
  if (options.readyFile !== undefined) touch(options.readyFile);
  capture.on('events', () => printer.request());
  capture.on('lost', (total) => front.lost(total));
  const ended = new Promise<CaptureEnd>((resolve) => {
    if (capture.ended === undefined) capture.on('end', resolve);
    else resolve(capture.ended);
  });
  printer.request(); // what came before the listeners
  interrupt.addEventListener('abort', stop);
  if (interrupt.aborted) stop();
  const end = await ended;
  await printer.finish();
  front.end(end, totalsOf(capture.trajectories));
  if (end.error !== undefined) throw end.error;
  return ExitCode.Ok;
}

export function reportError(
  error: PacketTraceError,
  { json }: { json: boolean },
  { stdout, stderr }: Pick<Environment, 'stdout' | 'stderr'>,
  status = new Status(stderr, false),
): ExitCode {
  if (json) stdout.write(jsonLine(errorObject(error)));
  status.say(`packet-trace: ${[error.message, error.remedy].filter((part) => part !== '').join('\n  ')}`);
  return exitCodeOf(error.code);
}

class TextFront implements Front {
  readonly events: TextFormat;
  readonly foldDrops = true;
  #lossTold = false;

  constructor(
    private readonly trace: RunningTrace,
    private readonly stdout: Writable,
    private readonly status: Status,
    options: TraceOptions,
  ) {
    this.events = new TextFormat(trace.capture.store, options);
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    const { attached } = capture;
    if (attached === undefined) return;
    const skipped = attached.skipped.reduce((sum, { names }) => sum + names.length, 0);
    this.status.say(
      `Tracing ${target.label} (Linux ${target.facts.kernelRelease}): ${attached.functions.length} functions ` +
        `by ${attached.backend}, ${skipped} not attached, in ${(milliseconds / 1000).toFixed(1)} s. Ctrl-C stops.`,
    );
    if (attached.ownConnection !== undefined)
      this.status.say(`Packets of this trace's own SSH connection are left out (${attached.ownConnection}).`);
    for (const { reason, names } of attached.skipped)
      this.status.log.info(`not attached, ${reason}: ${names.join(', ')}`);
    this.stdout.write(this.events.header());
  }

  lost(): void {
    if (!this.#lossTold)
      this.status.say(
        'Events are being lost: a narrower filter or --filter-func helps. The totals will count them.',
      );
    this.#lossTold = true;
  }

  end(end: CaptureEnd, totals: Totals): void {
    this.status.say(totalsText(totals, end));
  }
}

class JsonFront implements Front {
  readonly events: EventLines;
  readonly foldDrops = false;

  constructor(
    private readonly trace: RunningTrace,
    private readonly stdout: Writable,
    private readonly version: string,
  ) {
    const { store } = trace.capture;
    this.events = { line: (event) => jsonLine(eventObject(store, event)) };
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    this.#print(targetObject(target, capture.hello, this.version));
    if (capture.attached !== undefined) this.#print(attachedObject(capture.attached, milliseconds));
  }

  lost(total: number): void {
    this.#print(lostObject(total));
  }

  end(end: CaptureEnd, totals: Totals): void {
    this.#print(endObject(end, totals));
  }

  #print(object: object): void {
    this.stdout.write(jsonLine(object));
  }
}

/** Creates a file or renews its time, for scripts that wait for the probes. */
function touch(path: string): void {
  try {
    closeSync(openSync(path, 'a'));
    const now = new Date();
    utimesSync(path, now, now);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new PacketTraceError(
      'usage',
      `The ready file cannot be written: ${why}`,
      'Give --ready-file a path that can be written.',
    );
  }
}
