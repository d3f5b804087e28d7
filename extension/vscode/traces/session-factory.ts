import * as vscode from 'vscode';
import type { StartLaunch } from '../../tracing/launch-configuration.ts';
import { TraceDebugSession } from '../../debug/session.ts';

/** Makes the debug adapter of each session inside the extension, and can end all of them. */
export class SessionFactory implements vscode.DebugAdapterDescriptorFactory, vscode.Disposable {
  private readonly sessions = new Map<string, TraceDebugSession>();
  private readonly subscription = vscode.debug.onDidTerminateDebugSession(({ id }) =>
    this.sessions.delete(id),
  );

  constructor(private readonly startLaunch: StartLaunch) {}

  createDebugAdapterDescriptor({ id }: vscode.DebugSession): vscode.DebugAdapterDescriptor {
    const session = new TraceDebugSession(this.startLaunch);
    this.sessions.set(id, session);
    return new vscode.DebugAdapterInlineImplementation(session);
  }

  /** Cancels starts and stops traces; settles when their probes are detached. */
  async stopAll(): Promise<void> {
    await Promise.allSettled([...this.sessions.values()].map((session) => session.stopTrace()));
  }

  dispose(): void {
    this.subscription.dispose();
  }
}
