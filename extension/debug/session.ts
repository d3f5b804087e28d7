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
import { FILTER_COMMANDS, type FilterCommand, parseFilterCommand } from '../tracing/filter-command.ts';
import { filterText } from '../recording/wording.ts';
import { asPacketTraceError, errorText, type PacketTraceError } from '../base/errors.ts';
import { printableLines } from '../base/printable.ts';
import type { StartLaunch } from '../tracing/launch-configuration.ts';
import { type Print, TraceRun } from './trace-run.ts';

/** The one thread that stands for the capture: with it VS Code shows the session as running. */
const CAPTURE_THREAD = 1;

type Attributes = Readonly<Record<string, unknown>>;

/**
 * Debug adapter of a trace. Launching starts it, terminating or disconnecting stops it, and restarting does one after
 * the other. The debug console gets messages about the trace, never one a packet.
 */
export class TraceDebugSession extends DebugSession {
  /** The last that was asked for; one before it stops meanwhile. */
  private run: TraceRun | undefined;
  private attributes: Attributes = {};
  /** Launch, and restarts meanwhile: answered by what becomes of the last. */
  private readonly waiting: DebugProtocol.Response[] = [];
  private beginning: Promise<void> | undefined;
  private stopping = false;

  constructor(private readonly startLaunch: StartLaunch) {
    super();
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    // Where it has to restart by itself, VS Code begins a second trace while the first is still attached, and when it
    // is asked to once more it loses both.
    response.body = { supportsTerminateRequest: true, supportsRestartRequest: true };
    this.sendResponse(response);
    this.sendEvent(new InitializedEvent());
  }

  protected override launchRequest(
    response: DebugProtocol.LaunchResponse,
    attributes: DebugProtocol.LaunchRequestArguments,
  ): void {
    this.beginning = this.begin(response, attributes as Attributes);
  }

  protected override restartRequest(
    response: DebugProtocol.RestartResponse,
    { arguments: attributes }: DebugProtocol.RestartArguments,
  ): void {
    if (this.stopping) {
      this.sendResponse(response); // see answerFailed
      return;
    }
    // As launch.json says it now.
    this.beginning = this.begin(response, (attributes as Attributes | undefined) ?? this.attributes);
  }

  private async begin(response: DebugProtocol.Response, attributes: Attributes): Promise<void> {
    this.attributes = attributes;
    this.waiting.push(response);
    const run: TraceRun = new TraceRun(
      {
        startLaunch: this.startLaunch,
        attributes,
        print: this.print,
        onStarted: () => {
          if (this.run !== run) return;
          for (const each of this.waiting.splice(0)) this.sendResponse(each);
          this.sendEvent(new ThreadEvent('started', CAPTURE_THREAD));
        },
        onEnded: () => {
          if (this.run === run) this.sendEvent(new TerminatedEvent());
        },
      },
      this.run,
    );
    this.run = run;
    try {
      await run.started;
    } catch (thrown) {
      if (this.run !== run) return; // the next one answers
      this.answerFailed(asPacketTraceError(thrown));
      this.sendEvent(new TerminatedEvent());
    }
  }

  private answerFailed(error: PacketTraceError): void {
    const text = errorText(error);
    for (const response of this.waiting.splice(0)) {
      // Whoever started the trace shows the error: VS Code's dialog, or its console opening, would repeat it.
      if (response.command === 'launch') this.refuse(response, { id: 1, text, showUser: false });
      else {
        // To VS Code a session whose restart fails has ended, and then its real end passes unnoticed.
        if (error.code !== 'cancelled') this.print(text, 'stderr');
        this.sendResponse(response);
      }
    }
  }

  /** Cancels a start that is under way, or detaches the probes and reports the totals. Safe to call twice. */
  async stopTrace(): Promise<void> {
    this.stopping = true;
    await this.run?.stop();
    await this.beginning;
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
    const target = this.run?.target;
    const threads = target === undefined ? [] : [new Thread(CAPTURE_THREAD, `Capture of ${target}`)];
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
    const trace = this.run?.trace;
    if (trace === undefined) throw traceIsOver();
    const { changeFilter, capture } = trace;
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
  private readonly print: Print = (text, category) => {
    this.sendEvent(new OutputEvent(`${printableLines(text)}\n`, category));
  };
}
