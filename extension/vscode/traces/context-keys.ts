import * as vscode from 'vscode';
import { ContextKey } from '../ids.ts';
import type { TraceModel } from '../trace-model.ts';

/** Tells VS Code the model's state, for `when` clauses of commands, menus and welcome texts. */
export function keepContextKeys(model: TraceModel): void {
  const set = (key: string, value: unknown) => void vscode.commands.executeCommand('setContext', key, value);
  const update = () => {
    set(ContextKey.State, model.state.kind);
    set(ContextKey.Running, model.isRunning);
    set(ContextKey.Several, model.all.length > 1);
    set(ContextKey.HasCapture, model.shown !== undefined);
  };
  model.on('state', update);
  update();
}
