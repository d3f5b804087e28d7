import * as vscode from 'vscode';
import { isTraceable } from '../../../kernel-source/c/scanner/file-functions.ts';
import { Command, Setting } from '../../ids.ts';
import { countText } from './count-texts.ts';
import type { SourceFunction, SourceHits } from './source-hits.ts';

/**
 * A line above kernel functions: how many packets passed, which a click shows; with no capture, for functions
 * that take a packet, the offer to trace those.
 */
export class FunctionLens implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly change = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.change.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly hits: SourceHits) {
    this.subscriptions = [
      hits.onDidChange(() => this.change.fire()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(Setting.CodeLens)) this.change.fire();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.change.fire()),
    ];
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!vscode.workspace.getConfiguration('', document).get<boolean>(Setting.CodeLens, true)) return [];
    const functions = await this.hits.of(document);
    if (this.hits.packets !== undefined) return functions.flatMap(countLenses);
    return vscode.workspace.isTrusted ? functions.filter(({ fact }) => isTraceable(fact)).map(traceLens) : [];
  }

  dispose(): void {
    this.change.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function countLenses({ fact, passed }: SourceFunction): vscode.CodeLens[] {
  return passed.map((each) => {
    const title = countText(each, passed.length > 1);
    const tooltip = `Show the packets that passed ${fact.name} in the trajectories`;
    return lensAt(fact.line, { title, tooltip, command: Command.ShowPackets, arguments: [fact.name] });
  });
}

function traceLens({ fact }: SourceFunction): vscode.CodeLens {
  const tooltip = `Start a packet trace and show the packets that pass ${fact.name}`;
  const title = 'Trace packets through this function';
  return lensAt(fact.line, { title, tooltip, command: Command.TraceFunction, arguments: [fact.name] });
}

function lensAt(line: number, command: vscode.Command): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), command);
}
