import * as vscode from 'vscode';
import type { LaunchConfiguration } from '../../tracing/launch-configuration.ts';
import { asPacketTraceError, errorText, type PacketTraceError } from '../../base/errors.ts';
import type { HostKeyStore } from '../../target/connection.ts';
import { type RunningTrace, startTrace } from '../../tracing/start-trace.ts';
import { Command, FocusTrajectories, Setting } from '../ids.ts';
import { withProgress } from '../progress.ts';
import { promptsUntil } from './prompts.ts';
import type { RecentTraces } from './recent.ts';
import type { TraceModel } from '../trace-model.ts';

export interface TraceEnvironment {
  model: TraceModel;
  recent: RecentTraces;
  hostKeys: HostKeyStore;
  log: vscode.LogOutputChannel;
  distDir: string;
}

/** Starts traces for debug sessions, with progress and errors shown. */
export class TraceRunner {
  constructor(private readonly environment: TraceEnvironment) {}

  /** @throws PacketTraceError, after it was shown to the user */
  async start(configuration: LaunchConfiguration, signal: AbortSignal): Promise<RunningTrace> {
    const { model, recent, log } = this.environment;
    const { target, filter } = configuration;
    const attempt = model.begin(configuration);
    void vscode.commands.executeCommand(FocusTrajectories, { preserveFocus: true });
    log.info(`Starting a trace of ${target}, filter "${filter}"`);
    try {
      const trace = await this.startWithProgress(configuration, signal);
      trace.capture.on('end', ({ why, error, events, lost }) => {
        log.info(`Trace of ${target} ended (${why}): ${events} events, ${lost} lost`);
        if (error !== undefined) this.report(error);
      });
      attempt.attached(trace);
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
    const setting = vscode.workspace.getConfiguration().get<string>(Setting.SshIdentityFile, '');
    const start = (signal: AbortSignal, report: (message: string) => void) =>
      startTrace({
        ...configuration,
        identity: configuration.identity || setting.trim() || undefined,
        wantBuild: true,
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

  /** Shows an error without waiting for the user. */
  private report(error: PacketTraceError): void {
    this.environment.log.error(errorText(error));
    if (error.cause instanceof Error) this.environment.log.debug(error.cause.stack ?? error.cause.message);
    const showLog = 'Show Log';
    const again = 'Start Again…';
    void vscode.window.showErrorMessage(errorText(error), again, showLog).then((picked) => {
      if (picked === showLog) this.environment.log.show();
      if (picked === again) void vscode.commands.executeCommand(Command.Start);
    });
  }
}
