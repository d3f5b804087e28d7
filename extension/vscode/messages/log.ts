import * as vscode from 'vscode';
import { printableLines } from '../../base/printable.ts';

/** The extension's output channel. What it is told may quote a target. */
export class Log implements vscode.Disposable {
  private readonly channel: vscode.LogOutputChannel;

  constructor(name: string) {
    this.channel = vscode.window.createOutputChannel(name, { log: true });
  }

  debug(message: string): void {
    this.channel.debug(printableLines(message));
  }

  info(message: string): void {
    this.channel.info(printableLines(message));
  }

  warn(message: string): void {
    this.channel.warn(printableLines(message));
  }

  error(message: string): void {
    this.channel.error(printableLines(message));
  }

  show(): void {
    this.channel.show();
  }

  dispose(): void {
    this.channel.dispose();
  }
}
