import * as vscode from 'vscode';
import type { FilterAdviser } from '../filter/ask-filter.ts';
import { DEBUG_TYPE } from '../ids.ts';
import type { RecentTraces, TraceChoice } from './recent.ts';
import { askForTrace } from './start-wizard.ts';

function nameOf({ target, filter }: TraceChoice): string {
  return `Packet trace of ${target}${filter === '' ? '' : `: ${filter}`}`;
}

/**
 * Starts a debug session of type packet-trace in the first workspace folder.
 * @param options attributes of a debug configuration; without a target it is asked for
 */
export async function startDebugging(options: unknown): Promise<void> {
  const given = typeof options === 'object' && options !== null && 'target' in options ? options : {};
  await startWith(given);
}

/** As startDebugging. @param attributes of a debug configuration; target and filter are asked for if not there */
export async function startWith(attributes: object): Promise<void> {
  const configuration = { type: DEBUG_TYPE, request: 'launch', name: '', ...attributes };
  await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], configuration);
}

/** Completes configurations by asking (F5 without launch.json), and offers recent traces as configurations. */
export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  constructor(
    private readonly recent: RecentTraces,
    private readonly adviser: FilterAdviser,
  ) {}

  /** For the "Select and Start Debugging" list. */
  provideDebugConfigurations(): vscode.DebugConfiguration[] {
    return this.recent
      .list()
      .map((trace) => ({ type: DEBUG_TYPE, request: 'launch', name: nameOf(trace), ...trace }));
  }

  async resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const { target, filter, name } = configuration as Partial<vscode.DebugConfiguration & TraceChoice>;
    // Attributes of a wrong type are left for the session to name.
    const wanted = target
      ? { target, filter: filter ?? '' }
      : await askForTrace(filter, this.recent, this.adviser);
    if (wanted === undefined) return undefined;
    return {
      internalConsoleOptions: 'neverOpen', // the view shows the trace; the console is for details
      ...configuration,
      type: DEBUG_TYPE,
      request: 'launch',
      name: name || nameOf(wanted), // eslint-disable-line @typescript-eslint/prefer-nullish-coalescing -- may be empty
      ...wanted,
    };
  }
}
