/**
 * The user's kernel checkout in VS Code. In come functions and places of the shown capture, frames of kernel stack
 * traces and C files; out go editors at the right line, and what passed each function. Read kernel-checkout.ts (which
 * tree), target-source.ts (joined with the capture) and open-kernel-source.ts first; functions/ is what editors show.
 */
import * as vscode from 'vscode';
import { shownOfSteps } from '../../tracing/launch-configuration.ts';
import { registerCommands } from '../commands.ts';
import { Command, ContextKey, type SourceCommandId } from '../ids.ts';
import { startWith } from '../traces/configurations.ts';
import type { Traces } from '../traces/register.ts';
import type { TreeNode } from '../trajectories/tree-pages.ts';
import { FunctionCommands } from './functions/commands.ts';
import { FunctionHeat } from './functions/heat.ts';
import { FunctionHover } from './functions/hover.ts';
import { FunctionLens } from './functions/lens.ts';
import { KERNEL_FILES, SourceHits } from './functions/source-hits.ts';
import { traceChangedFunctions } from './functions/trace-changed.ts';
import { KernelCheckout } from './kernel-checkout.ts';
import { KernelSymbols } from './kernel-symbols.ts';
import { KernelSourceOpener } from './open-kernel-source.ts';
import { StackFrameLines } from './stack-frame-lines.ts';
import { TargetSource } from './target-source.ts';
import { StackTraceLinks } from './terminal-links.ts';
import type { Log } from '../messages/log.ts';

interface Parts extends Pick<Traces, 'model' | 'tree'> {
  distDir: string;
  log: Log;
}

export function registerSource(context: vscode.ExtensionContext, { distDir, log, model, tree }: Parts): void {
  const checkout = new KernelCheckout({ distDir, cacheDir: context.globalStorageUri.fsPath }, (message) =>
    log.warn(message),
  );
  void checkout.begin();
  const target = new TargetSource({ model, checkout, distDir, state: context.workspaceState, log });
  tree.sourceLine = (place) => target.describe(place);
  const opener = new KernelSourceOpener(checkout, target);
  const hits = new SourceHits(model, checkout);
  const start = (attributes: object) => {
    const last = model.shown?.configuration;
    return startWith({ ...(last && shownOfSteps(last)), ...attributes });
  };
  const functions = new FunctionCommands({ model, checkout, hits, tree, start });
  const lens = new FunctionLens(hits);
  const frameLines = new StackFrameLines(model, distDir);
  const update = () => void keepInKernelSource(checkout);
  update();
  const { languages, window } = vscode;
  context.subscriptions.push(
    checkout,
    target,
    hits,
    lens,
    frameLines,
    new FunctionHeat(hits),
    languages.registerCodeLensProvider(KERNEL_FILES, lens),
    languages.registerHoverProvider(KERNEL_FILES, new FunctionHover(model, checkout, hits)),
    languages.registerWorkspaceSymbolProvider(new KernelSymbols(checkout)),
    window.registerTerminalLinkProvider(new StackTraceLinks(checkout, opener, frameLines)),
    window.onDidChangeActiveTextEditor(update),
    checkout.onDidChange(update),
    registerCommands<SourceCommandId>({
      [Command.OpenKernelSource]: (row?: TreeNode) => opener.open(row && tree.functionOf(row)),
      [Command.IndexCheckout]: () => checkout.index(),
      [Command.StopIndex]: () => checkout.stopIndexing(),
      [Command.TraceFunction]: (name?: unknown) => functions.trace(name),
      [Command.TraceChangedFunctions]: () => traceChangedFunctions(checkout, start),
      [Command.ShowPackets]: (name?: unknown) => functions.showPackets(name),
    }),
  );
}

/** Tells VS Code whether the active editor has kernel source, for menus. */
async function keepInKernelSource(checkout: KernelCheckout): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const path = uri && (await checkout.pathOf(uri));
  const isSource = path !== undefined && /\.[ch]$/.test(path);
  await vscode.commands.executeCommand('setContext', ContextKey.InKernelSource, isSource);
}
