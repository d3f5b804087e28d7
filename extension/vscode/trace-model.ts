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

/** The capture that views show: the last one that was attached, until it is cleared. */
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

/** The latest trace of the window, and what views show of it. */
export class TraceModel extends EventEmitter<TraceModelEvents> {
  private current: TraceState = { kind: 'idle' };
  private shownCapture: ShownCapture | undefined;
  private attempts = 0;

  get state(): TraceState {
    return this.current;
  }

  get shown(): ShownCapture | undefined {
    return this.shownCapture;
  }

  /** A start is under way. A later attempt takes the views over, whatever becomes of this one. */
  begin(configuration: LaunchConfiguration): StartAttempt {
    const number = ++this.attempts;
    this.change({ kind: 'attaching', configuration });
    return {
      attached: ({ capture, changeFilter }, reconnect) => {
        if (number !== this.attempts) return;
        this.show({ configuration, capture, changeFilter, reconnect, number, from: 0 });
      },
      failed: (error) => {
        if (number !== this.attempts) return;
        const before = this.stateOfShown();
        const silent = error.code === 'cancelled' || before.kind === 'tracing' || before.kind === 'cut';
        this.change(silent ? before : { kind: 'failed', configuration, error });
      },
    };
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
    this.change(this.current.kind === 'attaching' ? this.current : { kind: 'idle' });
  }

  private show(shown: ShownCapture): void {
    this.shownCapture = shown;
    const isShown = () => this.shownCapture?.number === shown.number;
    const received = () => {
      if (isShown()) this.emit('data');
    };
    shown.capture.on('events', received).on('lost', received).on('paused', received);
    shown.capture.on('filter', () => {
      if (isShown()) this.emit('state');
    });
    const changed = () => {
      // While another one attaches, the outcome of that decides what is shown.
      if (isShown() && this.current.kind !== 'attaching') this.change(this.stateOfShown());
    };
    shown.capture.on('cut', changed).on('end', changed);
    this.change(this.stateOfShown());
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
