/**
 * The middle of the folders beside this file: traces/ puts a started trace in, and the views, source/ and the status
 * bar show what it says and hear of its changes. filter/ stands alone. Each folder's register.ts is its way in.
 */
import { EventEmitter } from 'node:events';
import type { Capture, CaptureEnd } from '../recording/capture.ts';
import type { TrajectoryId } from '../recording/types.ts';
import type { LaunchConfiguration } from '../tracing/launch-configuration.ts';
import type { PacketTraceError } from '../base/errors.ts';
import type { RunningTrace } from '../tracing/start-trace.ts';

export type TraceState =
  | { kind: 'idle' }
  | { kind: 'attaching'; configuration: LaunchConfiguration }
  | { kind: 'tracing'; configuration: LaunchConfiguration }
  /** The connection was lost, and the trace goes on when there is another. */
  | { kind: 'cut'; configuration: LaunchConfiguration }
  | { kind: 'ended'; configuration: LaunchConfiguration; end: CaptureEnd }
  | { kind: 'failed'; configuration: LaunchConfiguration; error: PacketTraceError };

/** A capture that views can show: the last one that was attached, until it is cleared or another one picked. */
export interface ShownCapture {
  configuration: LaunchConfiguration;
  capture: Capture;
  changeFilter: RunningTrace['changeFilter'];
  /** Of a trace that is cut; says itself what comes of it. */
  reconnect: () => Promise<void>;
  /** Different for every capture of this window; part of tree ids. */
  number: number;
  /** The oldest trajectory shown; those before it were cleared while the trace went on. */
  from: TrajectoryId;
}

export interface TraceModelEvents {
  /** Another state, another capture or another filter. */
  state: [];
  /** The shown capture has new events, losses or a pause; fired often, so throttle what hangs on it. */
  data: [];
}

/** What a start leads to. */
export interface StartAttempt {
  attached(trace: Pick<RunningTrace, 'capture' | 'changeFilter'>, reconnect: () => Promise<void>): void;
  failed(error: PacketTraceError): void;
}

/** The traces of the window: the one that views show, and those that run beside it. */
export class TraceModel extends EventEmitter<TraceModelEvents> {
  private current: TraceState = { kind: 'idle' };
  private shownCapture: ShownCapture | undefined;
  /** That run or are shown, in the order in which they were attached. */
  private captures: ShownCapture[] = [];
  private attempts = 0;

  get state(): TraceState {
    return this.current;
  }

  get shown(): ShownCapture | undefined {
    return this.shownCapture;
  }

  /** What {@link pick} can show: traces that run, and what is shown; in the order in which they were attached. */
  get all(): readonly ShownCapture[] {
    return this.captures;
  }

  /** Something attaches or is traced, on view or not. */
  get isRunning(): boolean {
    return this.current.kind === 'attaching' || this.captures.some(runs);
  }

  /** A start is under way. A later attempt takes the views over, whatever becomes of this one. */
  begin(configuration: LaunchConfiguration): StartAttempt {
    const number = ++this.attempts;
    this.change({ kind: 'attaching', configuration });
    return {
      attached: ({ capture, changeFilter }, reconnect) => {
        const attached = { configuration, capture, changeFilter, reconnect, number, from: 0 };
        this.follow(attached);
        if (number === this.attempts) this.show(attached);
        else if (this.current.kind !== 'attaching' && !this.showsRunning) this.show(attached);
        else this.emit('state'); // it runs beside what is shown
      },
      failed: (error) => {
        if (number !== this.attempts) return;
        if (!this.showsRunning) {
          // One that was overtaken by this attempt, or hidden by a trace that is over.
          const other = this.captures.findLast(runs);
          if (other !== undefined) return this.show(other);
        }
        const silent = error.code === 'cancelled' || this.showsRunning;
        this.change(silent ? this.stateOfShown() : { kind: 'failed', configuration, error });
      },
    };
  }

  private get showsRunning(): boolean {
    return this.shownCapture !== undefined && runs(this.shownCapture);
  }

  /** Forgets the shown capture, or, while it goes on, its trajectories so far. */
  clear(): void {
    if (this.shownCapture !== undefined && this.shownCapture.capture.ended === undefined) {
      const { trajectories, functionCounts } = this.shownCapture.capture;
      this.shownCapture.from = trajectories.length;
      functionCounts.countFrom(trajectories.length);
      this.emit('state');
      return;
    }
    this.shownCapture = undefined;
    this.captures = this.captures.filter(runs);
    const other = this.captures.at(-1);
    if (this.current.kind === 'attaching') this.change(this.current);
    else if (other !== undefined) this.show(other);
    else this.change({ kind: 'idle' });
  }

  /** Shows one of {@link all}. */
  pick(capture: ShownCapture): void {
    const { current } = this;
    this.show(capture);
    if (current.kind === 'attaching') this.change(current);
  }

  private show(capture: ShownCapture): void {
    this.shownCapture = capture;
    this.captures = this.captures.filter((each) => each === capture || runs(each));
    this.change(this.stateOfShown());
  }

  private follow(followed: ShownCapture): void {
    const { capture } = followed;
    this.captures.push(followed);
    const isShown = () => this.shownCapture === followed;
    const received = () => {
      if (isShown()) this.emit('data');
    };
    capture.on('events', received).on('lost', received).on('paused', received);
    capture.on('filter', () => {
      if (isShown()) this.emit('state');
    });
    const changed = () => {
      this.captures = this.captures.filter((each) => each === this.shownCapture || runs(each));
      // While another one attaches, the outcome of that decides what is shown.
      if (isShown() && this.current.kind !== 'attaching') this.change(this.stateOfShown());
      else this.emit('state');
    };
    capture.on('cut', changed).on('end', changed);
  }

  private stateOfShown(): TraceState {
    if (this.shownCapture === undefined) return { kind: 'idle' };
    const { configuration, capture } = this.shownCapture;
    if (capture.ended === undefined)
      return { kind: capture.cut === undefined ? 'tracing' : 'cut', configuration };
    return { kind: 'ended', configuration, end: capture.ended };
  }

  private change(state: TraceState): void {
    this.current = state;
    this.emit('state');
  }
}

function runs({ capture }: ShownCapture): boolean {
  return capture.ended === undefined;
}
