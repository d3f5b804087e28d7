import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { findCheckout, isKernelTree } from '../kernel-source/checkout.ts';
import type { Definition, Ranked } from '../kernel-source/ranking.ts';
import { KernelSource } from '../kernel-source/search.ts';
import { isFunctionName, sourceName } from '../kernel-source/symbol.ts';
import { Setting } from './ids.ts';

/** A kernel function as it was seen on a target; module empty for vmlinux or unknown. */
export interface FunctionReference {
  name: string;
  module: string;
}

/** A search that takes longer shows a notification, which also cancels it. */
const PROGRESS_AFTER_MS = 1000;

/** "Open Kernel Source": from a function's name to its definition in the user's checkout. */
export class KernelSourceOpener {
  private source: KernelSource | undefined;

  /** @param reference asked for when undefined */
  async open(reference: FunctionReference | undefined): Promise<void> {
    const wanted = reference ?? (await askFunction());
    if (wanted === undefined) return;
    const source = await this.checkout();
    if (source === undefined) return;
    const name = sourceName(wanted.name);
    const ranked = await searchWithProgress(source, name, wanted.module);
    if (ranked === undefined) return;
    const definition = await choose(name, ranked);
    if (definition !== undefined) await show(source.root, definition, name);
    else if (ranked.definitions.length === 0) await reportMissing(name, source.root);
  }

  private async checkout(): Promise<KernelSource | undefined> {
    const root = await checkoutRoot();
    if (root !== undefined && this.source?.root !== root) this.source = new KernelSource(root);
    return root === undefined ? undefined : this.source;
  }
}

async function askFunction(): Promise<FunctionReference | undefined> {
  const name = await vscode.window.showInputBox({
    title: 'Open Kernel Source',
    prompt: 'Name of a kernel function',
    placeHolder: 'nf_hook_slow',
    validateInput: (text) =>
      text === '' || isFunctionName(sourceName(text)) ? undefined : 'This is not the name of a C function.',
  });
  return name === undefined || name === '' ? undefined : { name, module: '' };
}

/** The folder that the setting names or the workspace has; where there is none, the one that the user chooses. */
async function checkoutRoot(): Promise<string | undefined> {
  const setting = vscode.workspace.getConfiguration().get<string>(Setting.KernelSourcePath, '').trim();
  if (setting !== '') {
    const folder = setting.replace(/^~(?=\/|$)/, homedir());
    return (await isKernelTree(folder)) ? folder : chooseCheckout(notATree(folder));
  }
  const folders = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ uri }) => uri.fsPath);
  return (
    (await findCheckout(folders)) ?? chooseCheckout('No Linux kernel checkout was found in this workspace.')
  );
}

function notATree(folder: string): string {
  return `“${folder}” is not a Linux kernel tree: it has no net/core/skbuff.c or another landmark.`;
}

/** Says what is missing and lets the user choose a folder, which becomes the setting. */
async function chooseCheckout(message: string): Promise<string | undefined> {
  const choose = 'Choose Folder…';
  const picked = await vscode.window.showWarningMessage(
    `${message} Choose the checkout that matches your target's kernel.`,
    choose,
    'Open Settings',
  );
  if (picked === undefined) return undefined;
  if (picked !== choose) {
    await vscode.commands.executeCommand('workbench.action.openSettings', Setting.KernelSourcePath);
    return undefined;
  }
  const [uri] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      title: 'Kernel checkout',
      openLabel: 'Use This Checkout',
    })) ?? [];
  if (uri === undefined) return undefined;
  if (!(await isKernelTree(uri.fsPath))) return chooseCheckout(notATree(uri.fsPath));
  await vscode.workspace
    .getConfiguration()
    .update(Setting.KernelSourcePath, uri.fsPath, vscode.ConfigurationTarget.Global);
  return uri.fsPath;
}

/** @returns undefined when the user cancelled */
async function searchWithProgress(
  source: KernelSource,
  name: string,
  module: string,
): Promise<Ranked | undefined> {
  const abort = new AbortController();
  const search = source.find(name, module, abort.signal).catch((error: unknown) => {
    if (abort.signal.aborted) return undefined;
    throw error;
  });
  const slow = new Promise<'slow'>((resolve) => setTimeout(resolve, PROGRESS_AFTER_MS, 'slow'));
  const first = await Promise.race([search, slow]);
  if (first !== 'slow') return first;
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: `Searching ${source.root} for ${name}`,
    },
    (_progress, token) => {
      token.onCancellationRequested(() => abort.abort());
      return search;
    },
  );
}

async function choose(name: string, { definitions, certain }: Ranked): Promise<Definition | undefined> {
  if (certain || definitions.length === 0) return definitions[0];
  const items = definitions.map((definition) => ({
    label: definition.path,
    description: `line ${definition.line + 1}`,
    definition,
  }));
  const placeHolder = 'Best match first';
  const title = `${name} has ${definitions.length} definitions`;
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.definition;
}

async function show(root: string, { path, line, column }: Definition, name: string): Promise<void> {
  const start = new vscode.Position(line, column);
  const selection = new vscode.Range(start, start.translate(0, name.length));
  const uri = vscode.Uri.file(join(root, path));
  const editor = await vscode.window.showTextDocument(uri, { selection });
  editor.revealRange(selection, vscode.TextEditorRevealType.InCenter);
}

async function reportMissing(name: string, root: string): Promise<void> {
  const message =
    `No definition of ${name} was found in ${root}. It may be generated by a macro, ` +
    `or the checkout is of another kernel version than the target's.`;
  const searchText = 'Search in Files';
  if ((await vscode.window.showInformationMessage(message, searchText)) === searchText)
    await vscode.commands.executeCommand('workbench.action.findInFiles', {
      query: name,
      triggerSearch: true,
    });
}
