/**
 * `packet-trace trace`, the largest of the commands in this folder: each takes its parsed options and the process
 * around it, says on the way what fails, and returns the exit code. What is printed is made in ../output.
 */
import { closeSync, openSync, utimesSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { CaptureEnd } from '../../recording/capture.ts';
import type { EventIndex } from '../../recording/types.ts';
import type { CaptureFilter } from '../../recording/filters.ts';
import { attachedLine, filterText, ownConnectionText } from '../../recording/wording.ts';
import { asPacketTraceError, errorText, PacketTraceError } from '../../base/errors.ts';
import type { RunningTrace, TraceRequest } from '../../tracing/start-trace.ts';
import { EventPrinter, type EventLines } from '../output/event-printer.ts';
import { openCheckout, sayOtherKernel } from '../checkout.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { followFilterCommands, type FilterListener } from '../filter-commands.ts';
import {
  attachedObject,
  endObject,
  eventObject,
  filterObject,
  jsonLine,
  lostObject,
  placeObject,
  refusedObject,
  targetObject,
} from '../output/json-format.ts';
import type { TraceOptions } from '../options.ts';
import { PlaceSources } from '../output/place-sources.ts';
import { reportError } from '../report-error.ts';
import { Status } from '../output/status.ts';
import { targetOptions } from '../target-options.ts';
import { TextFormat } from '../output/text-format.ts';
import { totalsOf, totalsText, type Totals } from '../output/totals.ts';

/** The `trace` command: from the request to the exit code. Errors are printed, not thrown. */
export async function traceCommand(
  options: TraceOptions,
  environment: Environment,
  startTrace: (request: TraceRequest) => Promise<RunningTrace>,
): Promise<ExitCode> {
  const { stdout, stderr, distDir } = environment;
  const status = new Status(stderr, options.verbose);
  const began = performance.now();
  let trace: RunningTrace | undefined;
  let sources: PlaceSources | undefined;
  try {
    const { checkout } = options;
    const source = checkout === undefined ? undefined : await openCheckout(checkout, environment, status);
    const wantBuild = source !== undefined;
    trace = await startTrace({ ...options, ...targetOptions(options, environment, status), wantBuild });
    status.clear();
    if (source !== undefined) {
      const onNoLine = (reason: string) =>
        status.say(
          `Some drops are shown at the definition of their function, not at their line. ${reason}${options.debugInfo === undefined ? ' See --debug-info.' : ''}`,
        );
      sources = new PlaceSources(trace.capture, source, { distDir, debugInfo: options.debugInfo, onNoLine });
      void sayOtherKernel(trace.capture, source, status);
    }
    const front = options.json
      ? new JsonFront(trace, stdout, environment.version, sources)
      : new TextFront(trace, stdout, status, options, sources);
    return await follow(trace, front, options, environment, performance.now() - began);
  } catch (error) {
    return reportError(asPacketTraceError(error), options, environment, status);
  } finally {
    await trace?.dispose();
    await sources?.dispose();
  }
}

/** What differs between text and JSON. */
interface Front extends FilterListener {
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
  { stdin, stdout, interrupt }: Environment,
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
  if (options.filterCommands) followFilterCommands(trace, stdin, front);
  printer.request(); // what came before the listeners
  interrupt.addEventListener('abort', stop);
  if (interrupt.aborted) stop();
  const end = await ended;
  await printer.finish();
  front.end(end, totalsOf(capture.trajectories));
  if (end.error !== undefined) throw end.error;
  return ExitCode.Ok;
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
    sources: PlaceSources | undefined,
  ) {
    this.events = new TextFormat(trace.capture.store, options, sources);
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    const { attached } = capture;
    if (attached === undefined) return;
    const line = attachedLine(target.label, attached, target.facts.kernelRelease, milliseconds);
    this.status.say(`${line} Ctrl-C stops.`);
    const ownConnection = ownConnectionText(attached);
    if (ownConnection !== undefined) this.status.say(ownConnection);
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

  inForce(filter: CaptureFilter): void {
    this.status.say(`Filter: ${filterText(filter)}`);
  }

  refused(_line: string, error: PacketTraceError): void {
    this.status.say(errorText(error));
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
    sources: PlaceSources | undefined,
  ) {
    const { store } = trace.capture;
    const line = (event: EventIndex) => jsonLine(eventObject(store, event));
    this.events =
      sources === undefined
        ? { line }
        : {
            prepare: () => sources.prepare(),
            line: (event) =>
              sources.isFirst(event)
                ? jsonLine(placeObject(store, event, sources.of(event))) + line(event)
                : line(event),
          };
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    this.#print(targetObject(target, capture.hello, this.version));
    if (capture.attached !== undefined) this.#print(attachedObject(capture.attached, milliseconds));
    for (const filter of capture.filters) this.inForce(filter);
  }

  lost(total: number): void {
    this.#print(lostObject(total));
  }

  inForce(filter: CaptureFilter): void {
    this.#print(filterObject(filter, this.trace.capture.hello));
  }

  refused(line: string, error: PacketTraceError): void {
    this.#print(refusedObject(line, error));
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
