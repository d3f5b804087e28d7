import * as vscode from 'vscode';
import { asPacketTraceError, errorText } from '../base/errors.ts';

/** Shows what went wrong and the next step; nothing when it only was cancelled. */
export function showError(thrown: unknown): void {
  const error = asPacketTraceError(thrown);
  if (error.code !== 'cancelled') void vscode.window.showErrorMessage(errorText(error));
}
