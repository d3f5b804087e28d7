/** One trace of a debug session, of which a session has one after the other where it is restarted. */
import type { CaptureEnd } from '../recording/capture.ts';
import { pauseText } from '../recording/pauses.ts';
import { storyTotals } from '../recording/story-totals.ts';
import {
  attachedText,
  endText,
  filterText,
  FORGOTTEN_TEXT,
  hasLosses,
  lostText,
  modulesText,
  programsText,
} from '../recording/wording.ts';
import { asPacketTraceError, errorText, throwIfCancelled } from '../base/errors.ts';
import { Throttle } from '../base/throttle.ts';
import type { RunningTrace } from '../tracing/start-trace.ts';
import { type LaunchConfiguration, parseLaunch, type StartLaunch } from '../tracing/launch-configuration.ts';

/** Losses are reported at most this often; the console is slow with thousands of lines. */
const LOST_INTERVAL_MS = 1000;

/** Writes to the debug console. */
export type Print = (text: string, category: 'stdout' | 'console' | 'stderr') => void;

interface Launched {
  configuration: LaunchConfiguration;
  trace: RunningTrace;
}

export interface TraceRunOptions {
  startLaunch: StartLaunch;
  /** Of the debug configuration. */
  attributes: Readonly<Record<string, unknown>>;
  print: Print;
  /** It runs, and nothing of it was printed yet. */
  onStarted: () => void;
  /** It ran and is over, which was printed. */
  onEnded: () => void;
}

/** A trace from its start to its end; the console gets messages about it, never one a packet. */
export class TraceRun {
  /** Settles when the trace runs. @throws PacketTraceError when it does not come to that */
  readonly started: Promise<void>;
  private readonly cancel = new AbortController();
  private launched: Launched | undefined;
  private finished: Promise<void> | undefined;
  private readonly reportLost = new Throttle(() => {
    const capture = this.launched?.trace.capture;
    if (capture !== undefined && hasLosses(capture)) this.options.print(lostText(capture), 'console');
  }, LOST_INTERVAL_MS);

  /** @param before is stopped first: two at once would slow the target for nothing */
  constructor(
    private readonly options: TraceRunOptions,
    before: TraceRun | undefined,
  ) {
    this.started = this.start(before);
  }

  /** The name of what is traced; undefined before it is. */
  get target(): string | undefined {
    return this.launched?.configuration.target;
  }

  /** Undefined before it runs. */
  get trace(): RunningTrace | undefined {
    return this.launched?.trace;
  }

  private async start(before: TraceRun | undefined): Promise<void> {
    const { startLaunch, attributes, onStarted } = this.options;
    if (before !== undefined) {
      await before.stop().catch((error: unknown) => {
        this.options.print(errorText(asPacketTraceError(error)), 'stderr');
      });
      throwIfCancelled(this.cancel.signal);
    }
    const configuration = parseLaunch(attributes);
    const trace = await startLaunch(configuration, this.cancel.signal);
    this.launched = { configuration, trace };
    onStarted();
    this.follow(this.launched);
  }

  private follow({ configuration, trace: { capture } }: Launched): void {
    const { print } = this.options;
    if (capture.attached !== undefined)
      print(attachedText(configuration.target, capture.attached, capture.hello), 'stdout');
    capture.on('lost', () => this.reportLost.request());
    const forgotten = () => {
      capture.off('forgotten', forgotten);
      print(FORGOTTEN_TEXT, 'console');
    };
    capture.on('forgotten', forgotten);
    capture.on('modules', (modules) => {
      const text = modulesText(modules);
      if (text !== undefined) print(text, 'console');
    });
    capture.on('programs', (programs) => print(programsText(programs), 'console'));
    capture.on('paused', (pause) => print(pauseText(pause, capture.hello), 'console'));
    capture.on('filter', (filter) => print(`Filter: ${filterText(filter)}`, 'console'));
    capture.on('end', (end) => void this.finish(end));
    if (capture.ended !== undefined) void this.finish(capture.ended);
  }

  /** Reports the end of the capture, once, and lets the connection go. */
  private finish(end: CaptureEnd): Promise<void> {
    this.finished ??= this.report(end);
    return this.finished;
  }

  private async report(end: CaptureEnd): Promise<void> {
    if (this.launched === undefined) return;
    const { print, onEnded } = this.options;
    const { configuration, trace } = this.launched;
    this.reportLost.dispose();
    if (end.error !== undefined) print(errorText(end.error), 'stderr');
    const { trajectories, pauses } = trace.capture;
    print(endText(configuration.target, storyTotals(trajectories), end, pauses), 'stdout');
    await trace.dispose().catch((error: unknown) => print(asPacketTraceError(error).message, 'stderr'));
    onEnded();
  }

  /** Cancels a start that is under way, or detaches the probes and reports the totals. Safe to call twice. */
  async stop(): Promise<void> {
    this.cancel.abort();
    await this.started.catch(() => undefined); // whoever started it is told
    if (this.launched !== undefined) await this.finish(await this.launched.trace.capture.stop());
  }
}
