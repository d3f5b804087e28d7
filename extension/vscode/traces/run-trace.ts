import * as vscode from 'vscode';
import type { KernelBuild } from '../../../common/protocol.ts';
import type { LaunchConfiguration } from '../../tracing/launch-configuration.ts';
import { asPacketTraceError, errorText, type PacketTraceError } from '../../base/errors.ts';
import type { HostKeyStore, SshClientChoice } from '../../target/connection.ts';
import { type RunningTrace, startTrace } from '../../tracing/start-trace.ts';
import { KEEP_EVENTS } from '../../recording/retention.ts';
import { lossText } from '../../recording/wording.ts';
import { Command, FocusTrajectories, Setting } from '../ids.ts';
import type { Log } from '../messages/log.ts';
import { sayError, sayInformation } from '../messages/notify.ts';
import { withProgress } from '../messages/progress.ts';
import { promptsUntil } from './prompts.ts';
import type { KnownTypes } from '../filter/known-types.ts';
import type { RecentTraces } from './recent.ts';
import type { TraceModel } from '../trace-model.ts';

export interface TraceEnvironment {
  model: TraceModel;
  recent: RecentTraces;
  hostKeys: HostKeyStore;
  types: KnownTypes;
  log: Log;
  distDir: string;
}

/** Starts traces for debug sessions, with progress and errors shown. */
export class TraceRunner {
  constructor(private readonly environment: TraceEnvironment) {}

  /** @throws PacketTraceError, after it was shown to the user */
  async start(configuration: LaunchConfiguration, signal: AbortSignal): Promise<RunningTrace> {
    const { model, recent, types, log } = this.environment;
    const { target, filter } = configuration;
    const attempt = model.begin(configuration);
    void vscode.commands.executeCommand(FocusTrajectories, { preserveFocus: true });
    log.info(`Starting a trace of ${target}, filter "${filter}"`);
    try {
      const trace = await this.startWithProgress(configuration, signal);
      const { capture } = trace;
      const goOn = () => this.reconnect(target, trace);
      let cut: PacketTraceError | undefined;
      const keepTypes = (build: KernelBuild) =>
        void types.keep(build, `Linux ${capture.hello?.kernelRelease ?? ''} of ${target}`);
      if (capture.build !== undefined) keepTypes(capture.build);
      else capture.on('build', keepTypes);
      capture.on('cut', (error) => {
        if (error === undefined) log.info(`The trace of ${target} goes on`);
        else void this.offerReconnect(target, trace, (cut = error));
      });
      capture.on('end', ({ why, error, events, ...losses }) => {
        log.info(`Trace of ${target} ended (${why}): ${events} events, ${lossText(losses)}`);
        if (error !== undefined && error !== cut) this.report(error); // of a cut it was told
      });
      attempt.attached(trace, goOn);
      await recent.add({ target, filter });
      return trace;
    } catch (thrown) {
      const error = asPacketTraceError(thrown);
      attempt.failed(error);
      if (error.code === 'cancelled') log.info(`Starting the trace of ${target} was cancelled`);
      else this.report(error);
      throw error;
    }
  }

  private async startWithProgress(
    configuration: LaunchConfiguration,
    signal: AbortSignal,
  ): Promise<RunningTrace> {
    const { hostKeys, log, distDir } = this.environment;
    const { target } = configuration;
    const settings = vscode.workspace.getConfiguration();
    const setting = settings.get<string>(Setting.SshIdentityFile, '');
    const folder = settings.get<string>(Setting.TargetFolder, '').trim();
    const keepEvents = settings.get<number>(Setting.KeepEvents, KEEP_EVENTS);
    const start = (signal: AbortSignal, report: (message: string) => void) =>
      startTrace({
        ...configuration,
        identity: configuration.identity || setting.trim() || undefined,
        targetFolder: folder === '' ? undefined : folder,
        sshClient: settings.get<SshClientChoice>(Setting.SshClient, 'auto'),
        wantBuild: true,
        reconnects: true,
        keepEvents,
        distDir,
        prompts: promptsUntil(signal),
        hostKeys,
        log,
        signal,
        onProgress: (message) => {
          log.debug(`${target}: ${message}`);
          report(message);
        },
      });
    return withProgress(`Packet trace of ${target}`, start, signal);
  }

  /** Says that the connection was lost, and what can be done about it. */
  private async offerReconnect(target: string, trace: RunningTrace, error: PacketTraceError): Promise<void> {
    const { log } = this.environment;
    log.error(errorText(error));
    const [again, stop, showLog] = ['Reconnect', 'Stop', 'Show Log'];
    const text = `${target}: ${error.message} What was captured is kept, and goes on when you reconnect.`;
    const picked = await sayError(text, again, stop, showLog);
    // It may have been reconnected or stopped from elsewhere meanwhile.
    if (picked === showLog) log.show();
    else if (picked === again) await this.reconnect(target, trace);
    else if (picked === stop && trace.capture.cut !== undefined) await trace.capture.stop();
  }

  /** Nothing comes of it where the trace goes on already, or has ended; a failure is told. */
  private async reconnect(target: string, trace: RunningTrace): Promise<void> {
    const { log } = this.environment;
    if (trace.capture.cut === undefined || trace.capture.ended !== undefined) return;
    const work = (signal: AbortSignal, report: (message: string) => void) =>
      trace.reconnect({
        signal,
        prompts: promptsUntil(signal),
        onProgress: (message) => {
          log.debug(`${target}: ${message}`);
          report(message);
        },
      });
    try {
      await withProgress(`Packet trace of ${target}: reconnecting`, work);
    } catch (thrown) {
      const error = asPacketTraceError(thrown);
      if (error.code === 'cancelled' || trace.capture.ended !== undefined) return;
      void this.offerReconnect(target, trace, error);
    }
  }

  /** Shows an error without waiting for the user. */
  private report(error: PacketTraceError): void {
    this.environment.log.error(errorText(error));
    if (error.cause instanceof Error) this.environment.log.debug(error.cause.stack ?? error.cause.message);
    const showLog = 'Show Log';
    const again = 'Start Again…';
    const forget = 'Forget Host Key…';
    const buttons = error.code === 'host-key-changed' ? [forget, showLog] : [again, showLog];
    void sayError(errorText(error), ...buttons).then((picked) => {
      if (picked === forget) void vscode.commands.executeCommand(Command.ForgetHostKey);
      if (picked === showLog) this.environment.log.show();
      if (picked === again) void vscode.commands.executeCommand(Command.Start);
    });
  }
}

/** The command "Reconnect". */
export async function reconnect({ state, shown }: TraceModel): Promise<void> {
  if (state.kind === 'cut') await shown?.reconnect();
  else void sayInformation('No packet trace has lost its connection.');
}
