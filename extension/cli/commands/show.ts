import { asPacketTraceError } from '../../base/errors.ts';
import type { CaptureEnd } from '../../recording/capture.ts';
import { openRecording, type OpenRecording } from '../../recording/file/open-recording.ts';
import { KEEP_EVENTS } from '../../recording/retention.ts';
import { storyTotals } from '../../recording/story-totals.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import type { ShowOptions } from '../options.ts';
import type { Front } from '../output/front.ts';
import { JsonFront } from '../output/json-front.ts';
import { printEvents } from '../output/print-events.ts';
import { Status } from '../output/status.ts';
import { TextFront } from '../output/text-front.ts';
import { reportError } from '../report-error.ts';

/** The `show` command: prints a recording; returns the exit code. */
export async function showCommand(options: ShowOptions, environment: Environment): Promise<ExitCode> {
  const { stdout, stderr, hasColors, version } = environment;
  const status = new Status(stderr, options.verbose);
  let opened: OpenRecording | undefined;
  try {
    opened = await openRecording(options.file, { keepEvents: KEEP_EVENTS, readOnce: true });
    const { recording: capture, head } = opened;
    const traced = { capture, target: head.target };
    const shown = { ...options, ...head.told };
    const front = options.json
      ? new JsonFront(traced, stdout, version, shown, undefined)
      : new TextFront(traced, stdout, status, { ...shown, hasColors }, undefined);
    return await print(opened, front, options, environment, status);
  } catch (error) {
    return reportError(
      asPacketTraceError(error),
      { json: options.json, isTracing: false },
      environment,
      status,
    );
  } finally {
    await opened?.close();
  }
}

async function print(
  opened: OpenRecording,
  front: Front,
  options: ShowOptions,
  { stdout, interrupt }: Environment,
  status: Status,
): Promise<ExitCode> {
  const { recording } = opened;
  const enough = new AbortController();
  const stop = () => enough.abort();
  const printer = printEvents(recording, front, stdout, options.limitLines, stop);
  recording.on('attached', () => front.attached(0)).on('filter', (filter) => front.inForce(filter));
  interrupt.addEventListener('abort', stop);
  if (interrupt.aborted) stop();
  try {
    const { isWhole } = await opened.read({ signal: enough.signal, onEvents: () => printer.caughtUp() });
    if (!isWhole) status.say('The recording was cut off: what was written of it is shown.');
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  } finally {
    interrupt.removeEventListener('abort', stop);
    await printer.finish();
  }
  front.end(recording.ended ?? endSoFar(recording), storyTotals(recording.trajectories), printer.skipped);
  return ExitCode.Ok;
}

/** Of a recording that does not tell of its end. */
function endSoFar({ store, lost, missed, untracked }: OpenRecording['recording']): CaptureEnd {
  return {
    why: 'stopped',
    error: undefined,
    events: store.length,
    bytes: 0,
    lost,
    missed,
    untracked,
    incomplete: undefined,
    agent: undefined,
  };
}
