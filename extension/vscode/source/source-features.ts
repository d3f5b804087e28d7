import * as vscode from 'vscode';
import { FunctionHeat } from './function-heat.ts';
import { FunctionHover } from './function-hover.ts';
import { FunctionLens } from './function-lens.ts';
import { ContextKey } from '../ids.ts';
import type { KernelCheckout } from './kernel-checkout.ts';
import { KernelSymbols } from './kernel-symbols.ts';
import type { KernelSourceOpener } from './open-kernel-source.ts';
import { KERNEL_FILES, type SourceHits } from './source-hits.ts';
import { StackFrameLines } from './stack-frame-lines.ts';
import { StackTraceLinks } from './terminal-links.ts';
import type { TraceModel } from '../traces/trace-model.ts';

interface Parts {
  model: TraceModel;
  checkout: KernelCheckout;
  hits: SourceHits;
  opener: KernelSourceOpener;
  distDir: string;
}

/** Registers what editors of kernel source, the symbol search and terminals show of traces and of the checkout. */
export function registerSourceFeatures({ model, checkout, hits, opener, distDir }: Parts): vscode.Disposable {
  const { languages, window } = vscode;
  const lens = new FunctionLens(hits);
  const frameLines = new StackFrameLines(model, distDir);
  const update = () => void keepInKernelSource(checkout);
  update();
  return vscode.Disposable.from(
    lens,
    frameLines,
    new FunctionHeat(hits),
    languages.registerCodeLensProvider(KERNEL_FILES, lens),
    languages.registerHoverProvider(KERNEL_FILES, new FunctionHover(model, checkout, hits)),
    languages.registerWorkspaceSymbolProvider(new KernelSymbols(checkout)),
    window.registerTerminalLinkProvider(new StackTraceLinks(checkout, opener, frameLines)),
    window.onDidChangeActiveTextEditor(update),
    checkout.onDidChange(update),
  );
}

/** Tells VS Code whether the active editor has kernel source, for menus. */
async function keepInKernelSource(checkout: KernelCheckout): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const path = uri && (await checkout.pathOf(uri));
  const isSource = path !== undefined && /\.[ch]$/.test(path);
  await vscode.commands.executeCommand('setContext', ContextKey.InKernelSource, isSource);
}
