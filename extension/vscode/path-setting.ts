import { homedir } from 'node:os';
import * as vscode from 'vscode';

/** A path that the user's settings name, `~` resolved; undefined when they name none. */
export function pathSetting(setting: string): string | undefined {
  const path = vscode.workspace.getConfiguration().get<string>(setting, '').trim();
  return path === '' ? undefined : path.replace(/^~(?=\/|$)/, homedir());
}
