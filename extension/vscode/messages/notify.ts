/**
 * What is said in notifications and in the status bar. This folder is the only place that shows messages and asks
 * for texts (lint forbids it elsewhere), so that every text of them goes through plain-text.ts.
 */
import * as vscode from 'vscode';
import { asPacketTraceError, errorText } from '../../base/errors.ts';
import { plainText } from './plain-text.ts';

/** @returns the button that was picked; undefined when the notification was closed */
export async function sayError<T extends string>(text: string, ...buttons: T[]): Promise<T | undefined> {
  return vscode.window.showErrorMessage(plainText(text), ...buttons);
}

/** As sayError. */
export async function sayWarning<T extends string>(text: string, ...buttons: T[]): Promise<T | undefined> {
  return vscode.window.showWarningMessage(plainText(text), ...buttons);
}

/** As sayError. */
export async function sayInformation<T extends string>(
  text: string,
  ...buttons: T[]
): Promise<T | undefined> {
  return vscode.window.showInformationMessage(plainText(text), ...buttons);
}

/** Shows what went wrong and the next step; nothing when it only was cancelled. */
export function showError(thrown: unknown): void {
  const error = asPacketTraceError(thrown);
  if (error.code !== 'cancelled') void sayError(errorText(error));
}

/** For a moment, in the status bar. */
export function sayInStatusBar(text: string, milliseconds: number): void {
  vscode.window.setStatusBarMessage(plainText(text), milliseconds);
}
