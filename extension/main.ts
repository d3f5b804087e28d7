/** The extension in VS Code. README.md beside this file shows the way through the folders. */
import type * as vscode from 'vscode';
import { KnownTypes } from './vscode/filter/known-types.ts';
import { registerFilters } from './vscode/filter/register.ts';
import { LOG_CHANNEL } from './vscode/ids.ts';
import { Log } from './vscode/messages/log.ts';
import { registerSource } from './vscode/source/register.ts';
import { registerTraces, type Traces } from './vscode/traces/register.ts';

let traces: Traces | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const distDir = context.asAbsolutePath('dist');
  const log = new Log(LOG_CHANNEL);
  context.subscriptions.push(log);
  const types = new KnownTypes(context.globalStorageUri.fsPath, log);
  const adviser = registerFilters(context, { distDir, log, types });
  traces = registerTraces(context, { distDir, log, adviser, types });
  registerSource(context, { distDir, log, ...traces });
}

/** VS Code waits some seconds for this when a window closes: probes are detached by then. */
export async function deactivate(): Promise<void> {
  await traces?.stopAll();
}
