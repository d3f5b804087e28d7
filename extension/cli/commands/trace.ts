/**
 * `packet-trace trace`, the largest of the commands in this folder: each takes its parsed options and the process
 * around it, says on the way what fails, and returns the exit code. What is printed is made in ../output.
 */
import type { Writable } from 'node:stream';
import type { Extras, ModulesLoaded, ProgramsLoaded, SkippedFunctions } from '../../../common/protocol.ts';
import type { CaptureEnd, TracePause } from '../../recording/capture.ts';
import type { EventIndex } from '../../recording/types.ts';
import type { CaptureFilter } from '../../recording/filters.ts';
import { pauseText } from '../../recording/pauses.ts';
import { type StoryTotals, storyTotals } from '../../recording/story-totals.ts';
import {
  attachedLine,
  filterText,
  type Losses,
  modulesText,
  programsText,
  ownConnectionText,
  totalsText,
} from '../../recording/wording.ts';
import { formatCount } from '../../base/numbers.ts';
import { asPacketTraceError, errorText, type PacketTraceError } from '../../base/errors.ts';
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
  modulesObject,
  programsObject,
  pausedObject,
  placeObject,
  refusedObject,
  skippedObject,
  targetObject,
} from '../output/json-format.ts';
import { defaultOf, type Option } from '../../tracing/options/option.ts';
import { TRACE_OPTIONS } from '../../tracing/options/trace-options.ts';
import type { TraceOptions } from '../options.ts';
import { checkReadyFile, renewReadyFile } from '../ready-file.ts';
import { RotatingFile } from '../output/rotating-file.ts';
import { PlaceSources } from '../output/place-sources.ts';
import { reportError } from '../report-error.ts';
import { Status } from '../output/status.ts';
import { targetOptions } from '../target-options.ts';
import { TextFormat, type TextOptions } from '../output/text-format.ts';

/** The `trace` command: from the request to the exit code. Errors are printed, not thrown. */
export async function traceCommand(
  options: TraceOptions,
  environment: Environment,
  startTrace: (request: TraceRequest) => Promise<RunningTrace>,
): Promise<ExitCode> {
  const { stderr, distDir } = environment;
  const status = new Status(stderr, options.verbose);
  const began = performance.now();
  let trace: RunningTrace | undefined;
  let sources: PlaceSources | undefined;
  let file: RotatingFile | undefined;
  try {
    file = await openOutputFile(options);
    const stdout = file ?? environment.stdout;
    const hasColors = file === undefined && environment.hasColors;
    const { checkout, readyFile } = options;
    const debugInfo = options.debugInfo || undefined;
    if (readyFile !== '') checkReadyFile(readyFile);
    sayWithoutEffect(options, status);
    const source = checkout === '' ? undefined : await openCheckout(checkout, environment, status);
    const wantBuild = source !== undefined;
    const target = targetOptions(options, environment, status);
    trace = await startTrace({ ...options, ...target, wantBuild, readOnce: true });
    status.done();
    if (source !== undefined) {
      const onNoLine = (reason: string) =>
        status.say(
          `Some drops are shown at the definition of their function, not at their line. ${reason}${debugInfo === undefined ? ' See --debug-info.' : ''}`,
        );
      sources = new PlaceSources(trace.capture, source, { distDir, debugInfo, onNoLine });
      void sayOtherKernel(trace.capture, source, status);
    }
    const front = options.json
      ? new JsonFront(trace, stdout, environment.version, options, sources)
      : new TextFront(trace, stdout, status, { ...options, hasColors }, sources);
    return await follow(trace, front, options, { ...environment, stdout }, performance.now() - began);
  } catch (error) {
    const how = { json: options.json, isTracing: trace !== undefined };
    return reportError(asPacketTraceError(error), how, environment, status);
  } finally {
    await trace?.dispose();
    await sources?.dispose();
    await file?.close();
  }
}

function openOutputFile(options: TraceOptions): Promise<RotatingFile> | undefined {
  if (options.outputFile === '') return undefined;
  return RotatingFile.open(options.outputFile, {
    maxSize: options.outputFileMaxSize,
    maxBackups: options.outputFileMaxBackups,
    maxAge: options.outputFileMaxAge,
    compress: options.outputFileCompress,
  });
}

/** Of options that are there for pwru's users only. */
function sayWithoutEffect(options: TraceOptions, status: Status): void {
  for (const [key, option] of Object.entries<Option>(TRACE_OPTIONS))
    if (option.noEffect !== undefined && options[key as keyof TraceOptions] !== defaultOf(option))
      status.say(option.noEffect);
}

/** What differs between text and JSON. */
interface Front extends FilterListener {
  readonly events: EventLines;
  readonly foldDrops: boolean;
  attached(milliseconds: number): void;
  modules(modules: ModulesLoaded): void;
  programs(programs: ProgramsLoaded): void;
  lost(totals: Losses): void;
  paused(pause: TracePause): void;
  skipped(first: EventIndex, end: EventIndex): string;
  /** @param skipped events that were forgotten before they were printed */
  end(end: CaptureEnd, totals: StoryTotals, skipped: number): void;
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
    limitLines: options.limitLines || undefined,
    skipped: (first, end) => front.skipped(first, end),
    onFull: stop,
  });
  front.attached(milliseconds);
  if (options.readyFile !== '') renewReadyFile(options.readyFile);
  capture.on('events', () => printer.request());
  capture.on('modules', (modules) => front.modules(modules));
  capture.on('programs', (programs) => front.programs(programs));
  capture.on('lost', (totals) => front.lost(totals));
  capture.on('paused', (pause) => front.paused(pause));
  const ended = new Promise<CaptureEnd>((resolve) => {
    if (capture.ended === undefined) capture.on('end', resolve);
    else resolve(capture.ended);
  });
  if (options.filterCommands) followFilterCommands(trace, stdin, front);
  printer.request(); // what came before the listeners
  interrupt.addEventListener('abort', stop);
  if (interrupt.aborted) stop();
  const end = await ended;
  try {
    await printer.finish();
  } finally {
    front.end(end, storyTotals(capture.trajectories), printer.skipped);
  }
  if (end.error !== undefined) throw end.error;
  return ExitCode.Ok;
}

class TextFront implements Front {
  readonly events: TextFormat;
  readonly foldDrops = true;
  #lossTold = false;
  #untrackedTold = false;
  #skippedTold = false;
  #missedTold = false;

  constructor(
    private readonly trace: RunningTrace,
    private readonly stdout: Writable,
    private readonly status: Status,
    options: TextOptions,
    sources: PlaceSources | undefined,
  ) {
    this.events = new TextFormat(trace.capture, options, sources);
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    const { attached } = capture;
    if (attached === undefined) return;
    const line = attachedLine(target.label, attached, target.facts.kernelRelease, milliseconds);
    this.status.say(`${line} Ctrl-C stops.`);
    const ownConnection = ownConnectionText(attached);
    if (ownConnection !== undefined) this.status.say(ownConnection);
    this.#logSkipped(attached.skipped);
    this.stdout.write(this.events.header());
  }

  programs(programs: ProgramsLoaded): void {
    for (const line of programsText(programs).split('\n')) this.status.say(line);
  }

  modules(modules: ModulesLoaded): void {
    const text = modulesText(modules);
    if (text !== undefined) this.status.say(text);
    this.#logSkipped(modules.skipped);
  }

  lost({ lost, missed, untracked }: Losses): void {
    if (lost > 0 && !this.#lossTold) {
      this.status.say(
        'Events are being lost: a narrower filter or --filter-func helps. The totals will count them.',
      );
      this.#lossTold = true;
    }
    if (untracked > 0 && !this.#untrackedTold) {
      this.status.say(
        'There are more packets at once than can be followed: a narrower filter helps. The totals will count them.',
      );
      this.#untrackedTold = true;
    }
    if (missed > 0 && !this.#missedTold) {
      this.status.say(
        'Probes are being missed while another one runs on the same CPU: packets may lack a step. The totals will count them.',
      );
      this.#missedTold = true;
    }
  }

  paused(pause: TracePause): void {
    this.status.say(pauseText(pause, this.trace.capture.hello));
  }

  skipped(): string {
    if (!this.#skippedTold)
      this.status.say(
        'Lines are not read as fast as events come: the oldest are forgotten before they are printed (--keep-events). The totals will count them.',
      );
    this.#skippedTold = true;
    return '';
  }

  inForce(filter: CaptureFilter): void {
    this.status.say(`Filter: ${filterText(filter)}`);
  }

  refused(_line: string, error: PacketTraceError): void {
    this.status.say(errorText(error));
  }

  end(end: CaptureEnd, totals: StoryTotals, skipped: number): void {
    this.status.say(totalsText(totals, end, this.trace.capture.pauses));
    if (skipped > 0)
      this.status.say(
        `${formatCount(skipped, 'event')} of these ${skipped === 1 ? 'was' : 'were'} forgotten before ${skipped === 1 ? 'it was' : 'they were'} printed.`,
      );
  }

  #logSkipped(skipped: readonly SkippedFunctions[]): void {
    for (const { reason, names } of skipped)
      this.status.log.info(`not attached, ${reason}: ${names.join(', ')}`);
  }
}

class JsonFront implements Front {
  readonly events: EventLines;
  readonly foldDrops = false;

  constructor(
    private readonly trace: RunningTrace,
    private readonly stdout: Writable,
    private readonly version: string,
    extras: Extras & Pick<TraceOptions, 'netnsNames'>,
    sources: PlaceSources | undefined,
  ) {
    const { capture } = trace;
    const line = (event: EventIndex) => jsonLine(eventObject(capture, event, extras));
    this.events =
      sources === undefined
        ? { line }
        : {
            prepare: () => sources.prepare(),
            line: (event) =>
              sources
                .firstAt(event)
                .map((place) => jsonLine(placeObject(place, sources.at(place))))
                .join('') + line(event),
          };
  }

  attached(milliseconds: number): void {
    const { target, capture } = this.trace;
    this.#print(targetObject(target, capture.hello, this.version));
    if (capture.attached !== undefined) this.#print(attachedObject(capture.attached, milliseconds));
    for (const filter of capture.filters) this.inForce(filter);
  }

  programs(programs: ProgramsLoaded): void {
    this.#print(programsObject(programs));
  }

  modules(modules: ModulesLoaded): void {
    this.#print(modulesObject(modules));
  }

  lost(totals: Losses): void {
    this.#print(lostObject(totals));
  }

  skipped(first: EventIndex, end: EventIndex): string {
    return jsonLine(skippedObject(first, end));
  }

  paused(pause: TracePause): void {
    this.#print(pausedObject(pause, this.trace.capture.hello));
  }

  inForce(filter: CaptureFilter): void {
    this.#print(filterObject(filter, this.trace.capture.hello));
  }

  refused(line: string, error: PacketTraceError): void {
    this.#print(refusedObject(line, error));
  }

  end(end: CaptureEnd, totals: StoryTotals, skipped: number): void {
    this.#print(endObject(end, totals, this.trace.capture.pauses, skipped));
  }

  #print(object: object): void {
    this.stdout.write(jsonLine(object));
  }
}
