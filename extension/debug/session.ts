/**
 * The debug adapter: what a debugger is told of a trace. In come requests of the Debug Adapter Protocol, out go
 * messages about the trace and its end. It knows no VS Code; who makes it gives it the way to start a trace
 * (tracing/launch-configuration.ts), which is what to read next.
 */
import {
  DebugSession,
  InitializedEvent,
  OutputEvent,
  TerminatedEvent,
  Thread,
  ThreadEvent,
} from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { traceIsOver } from '../tracing/agent-errors.ts';
import type { CaptureEnd } from '../recording/capture.ts';
import { storyTotals } from '../recording/story-totals.ts';
import { FILTER_COMMANDS, type FilterCommand, parseFilterCommand } from '../tracing/filter-command.ts';
import { pauseText } from '../recording/pauses.ts';
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
import { asPacketTraceError, errorText } from '../base/errors.ts';
import { printableLines } from '../base/printable.ts';
import { Throttle } from '../base/throttle.ts';
import type { RunningTrace } from '../tracing/start-trace.ts';
import { type LaunchConfiguration, parseLaunch, type StartLaunch } from '../tracing/launch-configuration.ts';

/** The one thread that stands for the capture: with it VS Code shows the session as running. */
const CAPTURE_THREAD = 1;

/** Losses are reported at most this often; the console is slow with thousands of lines. */
const LOST_INTERVAL_MS = 1000;

interface Launched {
  configuration: LaunchConfiguration;
  trace: RunningTrace;
}

/**
 * Debug adapter of one trace. Launching starts it, terminating or disconnecting stops it; the debug console
 * gets messages about the trace, never one a packet.
 */
export class TraceDebugSession extends DebugSession {
  private readonly cancel = new AbortController();
  private launching: Promise<void> | undefined;
  private launched: Launched | undefined;
  private finished: Promise<void> | undefined;
  private readonly reportLost = new Throttle(() => {
    const capture = this.launched?.trace.capture;
    if (capture !== undefined && hasLosses(capture)) this.print(lostText(capture), 'console');
  }, LOST_INTERVAL_MS);

  constructor(private readonly startLaunch: StartLaunch) {
    super();
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = { supportsTerminateRequest: true };
    this.sendResponse(response);
    this.sendEvent(new InitializedEvent());
  }

  protected override launchRequest(
    response: DebugProtocol.LaunchResponse,
    attributes: DebugProtocol.LaunchRequestArguments,
  ): void {
    this.launching = this.launch(response, attributes as Record<string, unknown>);
  }

  private async launch(response: DebugProtocol.LaunchResponse, attributes: Record<string, unknown>) {
    try {
      const configuration = parseLaunch(attributes);
      const trace = await this.startLaunch(configuration, this.cancel.signal);
      this.launched = { configuration, trace };
    } catch (thrown) {
      const error = asPacketTraceError(thrown);
      // Whoever started the trace shows the error: VS Code's dialog, or its console opening, would repeat it.
      this.refuse(response, { id: 1, text: errorText(error), showUser: false });
      this.sendEvent(new TerminatedEvent());
      return;
    }
    this.sendResponse(response);
    this.begin(this.launched);
  }

  private begin({ configuration, trace }: Launched): void {
    const { capture } = trace;
    this.sendEvent(new ThreadEvent('started', CAPTURE_THREAD));
    if (capture.attached !== undefined)
      this.print(attachedText(configuration.target, capture.attached, capture.hello), 'stdout');
    capture.on('lost', () => this.reportLost.request());
    const forgotten = () => {
      capture.off('forgotten', forgotten);
      this.print(FORGOTTEN_TEXT, 'console');
    };
    capture.on('forgotten', forgotten);
    capture.on('modules', (modules) => {
      const text = modulesText(modules);
      if (text !== undefined) this.print(text, 'console');
    });
    capture.on('programs', (programs) => this.print(programsText(programs), 'console'));
    capture.on('paused', (pause) => this.print(pauseText(pause, capture.hello), 'console'));
    capture.on('filter', (filter) => this.print(`Filter: ${filterText(filter)}`, 'console'));
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
    const { configuration, trace } = this.launched;
    this.reportLost.dispose();
    if (end.error !== undefined) this.print(errorText(end.error), 'stderr');
    const { trajectories, pauses } = trace.capture;
    this.print(endText(configuration.target, storyTotals(trajectories), end, pauses), 'stdout');
    await trace.dispose().catch((error: unknown) => this.print(asPacketTraceError(error).message, 'stderr'));
    this.sendEvent(new TerminatedEvent());
  }

  /** Cancels a start that is under way, or detaches the probes and reports the totals. Safe to call twice. */
  async stopTrace(): Promise<void> {
    this.cancel.abort();
    await this.launching;
    if (this.launched !== undefined) await this.finish(await this.launched.trace.capture.stop());
  }

  protected override terminateRequest(response: DebugProtocol.TerminateResponse): void {
    void this.answerStopped(response);
  }

  protected override disconnectRequest(response: DebugProtocol.DisconnectResponse): void {
    void this.answerStopped(response);
  }

  /** Answers whatever becomes of it: VS Code waits for the answer. */
  private async answerStopped(response: DebugProtocol.Response): Promise<void> {
    try {
      await this.stopTrace();
    } catch (error) {
      this.print(errorText(asPacketTraceError(error)), 'stderr');
    } finally {
      this.sendResponse(response);
    }
  }

  /** VS Code lets go of an inline adapter without asking when its window closes. */
  override dispose(): void {
    void this.stopTrace();
    super.dispose();
  }

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    const threads =
      this.launched === undefined
        ? []
        : [new Thread(CAPTURE_THREAD, `Capture of ${this.launched.configuration.target}`)];
    response.body = { threads };
    this.sendResponse(response);
  }

  protected override pauseRequest(response: DebugProtocol.PauseResponse): void {
    const text = 'A packet trace cannot be paused: packets go on. Stop it to keep what was captured.';
    this.refuse(response, { id: 2, text, showUser: true });
  }

  protected override setBreakPointsRequest(
    response: DebugProtocol.SetBreakpointsResponse,
    { breakpoints = [] }: DebugProtocol.SetBreakpointsArguments,
  ): void {
    const message = 'A packet trace does not stop at source lines.';
    response.body = { breakpoints: breakpoints.map(() => ({ verified: false, message })) };
    this.sendResponse(response);
  }

  /** The debug console takes the commands for the filter; other expressions there are none. */
  protected override evaluateRequest(
    response: DebugProtocol.EvaluateResponse,
    { expression, context }: DebugProtocol.EvaluateArguments,
  ): void {
    const command = context === 'repl' ? parseFilterCommand(expression) : undefined;
    if (command === undefined) {
      const text = `A packet trace has no expressions to evaluate. Its console takes ${FILTER_COMMANDS}.`;
      this.refuse(response, { id: 3, text, showUser: false });
      return;
    }
    void this.obey(command).then(
      (result) => {
        response.body = { result: printableLines(result), variablesReference: 0 };
        this.sendResponse(response);
      },
      (thrown: unknown) => {
        const text = errorText(asPacketTraceError(thrown));
        this.refuse(response, { id: 4, text, showUser: false });
      },
    );
  }

  private async obey(command: FilterCommand): Promise<string> {
    if (this.launched === undefined) throw traceIsOver();
    const { changeFilter, capture } = this.launched.trace;
    if (command.kind === 'change') {
      await changeFilter(command.change); // the console is told which, whoever asked for it
      return 'The filter is changed; no packet was missed in between.';
    }
    const filter = capture.filters.at(-1);
    return filter === undefined ? '' : `Filter: ${filterText(filter)}`;
  }

  /** A text is a value, not the format, for which braces have a meaning: it may quote a target. */
  private refuse(
    response: DebugProtocol.Response,
    { id, text, showUser }: { id: number; text: string; showUser: boolean },
  ): void {
    this.sendErrorResponse(response, { id, format: '{_text}', variables: { _text: text }, showUser });
  }

  /** The debug console obeys escape sequences, and a text may quote the target. */
  private print(text: string, category: 'stdout' | 'console' | 'stderr'): void {
    this.sendEvent(new OutputEvent(`${printableLines(text)}\n`, category));
  }
}
