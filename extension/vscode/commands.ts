import * as vscode from 'vscode';
import type { CommandId } from './ids.ts';

/** Registers commands. @param handlers one for each id of the type parameter: a missing one does not compile */
export function registerCommands<Id extends CommandId>(
  handlers: Record<Id, Parameters<typeof vscode.commands.registerCommand>[1]>,
): vscode.Disposable {
  const entries = Object.entries<(typeof handlers)[Id]>(handlers);
  return vscode.Disposable.from(...entries.map(([id, run]) => vscode.commands.registerCommand(id, run)));
}
