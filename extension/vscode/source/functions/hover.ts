import * as vscode from 'vscode';
import { Command } from '../../ids.ts';
import { heatText, latestPackets } from './count-texts.ts';
import type { KernelCheckout } from '../kernel-checkout.ts';
import type { SourceHits } from './source-hits.ts';
import type { TraceModel } from '../../trace-model.ts';

/** On the name of a function that packets passed, at its definition or where it is called: the last of them. */
export class FunctionHover implements vscode.HoverProvider {
  constructor(
    private readonly model: TraceModel,
    private readonly checkout: KernelCheckout,
    private readonly hits: SourceHits,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.Hover | undefined> {
    const { shown } = this.model;
    const range = document.getWordRangeAtPosition(position, /[A-Za-z_]\w*/);
    if (shown === undefined || range === undefined) return undefined;
    const name = document.getText(range);
    if (shown.capture.functionCounts.of(name).length === 0) return undefined;
    if ((await this.checkout.pathOf(document.uri)) === undefined) return undefined;
    const here = (await this.hits.of(document)).find(({ fact }) => fact.name === name);
    const passed = here?.passed ?? shown.capture.functionCounts.of(name);
    if (passed.length === 0) return undefined; // it is the function of this name in another file
    const link = (event: number) => commandLink(Command.RevealPacket, [shown.number, event]);
    const parts = passed.map((each) => {
      const all = this.hits.packets ?? 0;
      return `**${heatText(each, all)}**\n\nThe last of them (UTC, target's clock):\n\n${latestPackets(shown.capture, each, link)}`;
    });
    const show = `[Show all packets that passed ${name}](${commandLink(Command.ShowPackets, [name])})`;
    const text = new vscode.MarkdownString([...parts, show].join('\n\n'));
    text.isTrusted = { enabledCommands: [Command.RevealPacket, Command.ShowPackets] };
    return new vscode.Hover(text, range);
  }
}

function commandLink(command: string, args: readonly unknown[]): string {
  return `command:${command}?${encodeURIComponent(JSON.stringify(args))}`;
}
