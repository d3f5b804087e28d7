import * as vscode from 'vscode';
import { Setting } from '../../ids.ts';
import { HEAT_LEVELS, heatLevel, type HeatLevel } from './count-texts.ts';
import type { SourceHits } from './source-hits.ts';

/** Themes have these, each with a light and a dark form; the gutter's pictures use VS Code's own values of them. */
const COLORS: Record<HeatLevel, { theme: string; dark: string; light: string }> = {
  1: { theme: 'charts.blue', dark: '#3794ff', light: '#1a85ff' },
  2: { theme: 'charts.yellow', dark: '#cca700', light: '#bf8803' },
  3: { theme: 'charts.orange', dark: '#d18616', light: '#d18616' },
  4: { theme: 'charts.red', dark: '#f14c4c', light: '#e51400' },
};

/**
 * Bars in the gutter and marks in the overview ruler of functions that packets passed: one bar for a few of the
 * packets, four for half of them and more, and a cross where packets were dropped. The line above and the hover have the numbers.
 */
export class FunctionHeat implements vscode.Disposable {
  private readonly types = HEAT_LEVELS.flatMap((level) => [
    { level, drops: false, type: decorationType(level, false) },
    { level, drops: true, type: decorationType(level, true) },
  ]);
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly hits: SourceHits) {
    const showAll = () => {
      for (const editor of vscode.window.visibleTextEditors) void this.show(editor);
    };
    this.subscriptions = [
      hits.onDidChange(showAll),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(Setting.Heat)) showAll();
      }),
    ];
  }

  private async show(editor: vscode.TextEditor): Promise<void> {
    const { document } = editor;
    const { version } = document;
    const isOn = vscode.workspace.getConfiguration('', document).get<boolean>(Setting.Heat, true);
    const functions = isOn ? (await this.hits.of(document)).filter(({ passed }) => passed.length > 0) : [];
    if (document.version !== version) return; // the edit asks for its own
    const all = this.hits.packets ?? 0;
    for (const { level, drops, type } of this.types) {
      const ofType = functions.filter(
        ({ passed }) =>
          passed.some(({ dropped }) => dropped > 0) === drops &&
          heatLevel(Math.max(...passed.map(({ packets }) => packets)), all) === level,
      );
      editor.setDecorations(
        type,
        ofType.map(({ fact }) => document.lineAt(Math.min(fact.line, document.lineCount - 1)).range),
      );
    }
  }

  dispose(): void {
    for (const { type } of this.types) type.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function decorationType(level: HeatLevel, drops: boolean): vscode.TextEditorDecorationType {
  const { theme, dark, light } = COLORS[level];
  return vscode.window.createTextEditorDecorationType({
    overviewRulerColor: new vscode.ThemeColor(theme),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
    dark: { gutterIconPath: bars(level, drops, dark), gutterIconSize: 'contain' },
    light: { gutterIconPath: bars(level, drops, light), gutterIconSize: 'contain' },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
}

/** Rising bars, the first `level` of them filled; above them a cross for drops. */
function bars(level: HeatLevel, drops: boolean, color: string): vscode.Uri {
  const rects = HEAT_LEVELS.map((bar) => {
    const height = bar * 3;
    const place = `x="${(bar - 1) * 4 + 0.5}" y="${15 - height}" width="3" height="${height}"`;
    return `<rect ${place} fill="${color}" fill-opacity="${bar <= level ? 1 : 0.25}"/>`;
  });
  if (drops)
    rects.push(`<path d="M1.5 1.5l5 5m0-5l-5 5" stroke="${COLORS[4].dark}" stroke-width="2" fill="none"/>`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${rects.join('')}</svg>`;
  return vscode.Uri.parse(`data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`);
}
