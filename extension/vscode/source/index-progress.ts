import * as vscode from 'vscode';
import { Command, ContextKey } from '../ids.ts';

/** How far the index of the kernel checkout is, in the status bar while it is made; a click stops it. */
export class IndexProgress implements vscode.Disposable {
  private isShown = false;
  private readonly item = vscode.window.createStatusBarItem('index', vscode.StatusBarAlignment.Left, -1);

  constructor() {
    this.item.name = 'Packet Trace: Kernel Source Index';
    this.item.command = Command.StopIndex;
  }

  /** @param share of the files that are done, 0 to 1 */
  show(root: string, share: number): void {
    const text = `Kernel source index: ${Math.floor(share * 100)} %`;
    this.item.text = `$(loading~spin) ${text}`;
    this.item.tooltip = `The functions of ${root} are being indexed. Click to stop.`;
    this.item.accessibilityInformation = { label: `${text}. Click to stop.`, role: 'button' };
    this.item.show();
    this.keepContext(true);
  }

  hide(): void {
    this.item.hide();
    this.keepContext(false);
  }

  /** Tells VS Code whether there is something to stop. */
  private keepContext(isShown: boolean): void {
    if (this.isShown === isShown) return;
    this.isShown = isShown;
    void vscode.commands.executeCommand('setContext', ContextKey.Indexing, isShown);
  }

  dispose(): void {
    this.item.dispose();
  }
}
