/**
 * `packet-trace trace`, the largest of the commands in this folder: each takes its parsed options and the process
 * around it, says on the way what fails, and returns the exit code. What is printed is made in ../output.
 */
import type { CaptureEnd } from '../../recording/capture.ts';
import { RecordingFile } from '../../recording/file/recording-file.ts';
import { storyTotals } from '../../recording/story-totals.ts';
import { asPacketTraceError, errorText } from '../../base/errors.ts';
import { shownOfSteps } from '../../tracing/launch-configuration.ts';
import type { RunningTrace, TraceRequest } from '../../tracing/start-trace.ts';
import { openCheckout, sayOtherKernel } from '../checkout.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import { followFilterCommands } from '../filter-commands.ts';
import { defaultOf, type Option } from '../../tracing/options/option.ts';
import { TRACE_OPTIONS } from '../../tracing/options/trace-options.ts';
import type { TraceOptions } from '../options.ts';
import { checkReadyFile, renewReadyFile } from '../ready-file.ts';
import type { Front } from '../output/front.ts';
import { JsonFront } from '../output/json-front.ts';
import { printEvents } from '../output/print-events.ts';
import { RotatingFile } from '../output/rotating-file.ts';
import { PlaceSources } from '../output/place-sources.ts';
import { reportError } from '../report-error.ts';
import { Status } from '../output/status.ts';
import { targetOptions } from '../target-options.ts';
import { TextFront } from '../output/text-front.ts';

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
  let recorded: RecordingFile | undefined;
  try {
    file = await openOutputFile(options);
    const stdout = file ?? environment.stdout;
    const hasColors = file === undefined && environment.hasColors;
    const { checkout, readyFile } = options;
    const debugInfo = options.debugInfo || undefined;
    if (readyFile !== '') checkReadyFile(readyFile);
    sayWithoutEffect(options, status);
    const source = checkout === '' ? undefined : await openCheckout(checkout, environment, status);
    recorded = await openRecordingFile(options, status);
    const wantBuild = source !== undefined || recorded !== undefined;
    const target = targetOptions(options, environment, status);
    const onBegin: TraceRequest['onBegin'] = (recording, { label, facts }) =>
      recorded?.follow(recording, {
        version: environment.version,
        target: { label, facts },
        told: { ...shownOfSteps(options), netnsNames: options.netnsNames },
      });
    trace = await startTrace({ ...options, ...target, wantBuild, readOnce: true, onBegin });
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
    const code = await follow(trace, front, options, { ...environment, stdout }, performance.now() - began);
    await recorded?.close();
    if (recorded?.failed !== undefined) throw recorded.failed;
    return code;
  } catch (error) {
    const how = { json: options.json, isTracing: trace !== undefined };
    return reportError(asPacketTraceError(error), how, environment, status);
  } finally {
    await trace?.dispose();
    await recorded?.close();
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

/** A write that fails later is told at once, and the trace goes on. */
function openRecordingFile(options: TraceOptions, status: Status): Promise<RecordingFile> | undefined {
  const { outputRecording } = options;
  if (outputRecording === '') return undefined;
  return RecordingFile.create(outputRecording, (error) => status.say(errorText(error)));
}

/** Of options that are there for pwru's users only. */
function sayWithoutEffect(options: TraceOptions, status: Status): void {
  for (const [key, option] of Object.entries<Option>(TRACE_OPTIONS))
    if (option.noEffect !== undefined && options[key as keyof TraceOptions] !== defaultOf(option))
      status.say(option.noEffect);
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
  const printer = printEvents(capture, front, stdout, options.limitLines, stop);
  front.attached(milliseconds);
  if (options.readyFile !== '') renewReadyFile(options.readyFile);
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
