import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { asPacketTraceError } from '../../base/errors.ts';
import { findCheckout, isKernelTree } from '../../kernel-source/checkout/find-checkout.ts';
import { KernelSource, type KernelSourceOptions } from '../../kernel-source/kernel-source.ts';
import { Setting } from '../ids.ts';
import { IndexProgress } from './index-progress.ts';
import { sayInStatusBar, sayWarning } from '../messages/notify.ts';
import { pathSetting } from '../path-setting.ts';

/** Time to read a sentence. */
const STOPPED_SHOWN_MS = 10_000;

/** The user's kernel checkout: the folder that the setting names, or the one that the workspace has. */
export class KernelCheckout implements vscode.Disposable {
  private source: KernelSource | undefined;
  private found: Promise<string | undefined> | undefined;
  private readonly progress = new IndexProgress();
  private readonly change = new vscode.EventEmitter<void>();
  /** Another checkout, or another part of its index. */
  readonly onDidChange = this.change.event;
  private readonly subscriptions = [
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(Setting.KernelSourcePath)) this.forget();
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(() => this.forget()),
  ];

  /** @param log told why there is no index; every click searches without it too */
  constructor(
    private readonly options: KernelSourceOptions,
    private readonly log: (message: string) => void,
  ) {}

  /** Begins to index the workspace, if it is a kernel checkout; one elsewhere is indexed when it is needed. */
  async begin(): Promise<void> {
    if (pathSetting(Setting.KernelSourcePath) === undefined) await this.find();
  }

  /** The checkout, where there is one; asks nothing. Its index may still be in the making. */
  async find(): Promise<KernelSource | undefined> {
    this.found ??= findRoot();
    const root = await this.found;
    return root === undefined ? undefined : this.open(root);
  }

  /** The checkout; where there is none, the one that the user chooses. */
  async findOrAsk(): Promise<KernelSource | undefined> {
    const source = await this.find();
    if (source !== undefined) {
      void this.prepare(source);
      return source;
    }
    const setting = pathSetting(Setting.KernelSourcePath);
    const root = await chooseCheckout(
      setting === undefined ? 'No Linux kernel checkout was found in this workspace.' : notATree(setting),
    );
    return root === undefined ? undefined : this.open(root);
  }

  /** Path of a file in the checkout, with forward slashes; undefined for other files. */
  async pathOf(uri: vscode.Uri): Promise<string | undefined> {
    const source = uri.scheme === 'file' ? await this.find() : undefined;
    if (source === undefined) return undefined;
    const path = relative(source.root, uri.fsPath);
    return path === '' || path.startsWith('..') ? undefined : path.split(sep).join('/');
  }

  private open(root: string): KernelSource {
    if (this.source?.root !== root) {
      this.source?.dispose();
      this.source = new KernelSource(root, this.options);
      void this.prepare(this.source);
      this.change.fire();
    }
    return this.source;
  }

  /** Makes the index or brings it up to date, in the background. */
  private prepare(source: KernelSource): Promise<void> {
    return this.follow(source, (onProgress) => source.prepare(onProgress));
  }

  /** "Index Kernel Checkout": makes the index whatever there is of it. */
  async index(): Promise<void> {
    const source = await this.findOrAsk();
    await (source && this.follow(source, (onProgress) => source.indexAnew(onProgress)));
  }

  /** "Stop Indexing Kernel Checkout". */
  stopIndexing(): void {
    this.source?.stopIndexing();
    const message = 'The kernel source index was stopped. “Index Kernel Checkout” makes it.';
    sayInStatusBar(message, STOPPED_SHOWN_MS);
  }

  private async follow(
    source: KernelSource,
    make: (onProgress: (share: number) => void) => Promise<void>,
  ): Promise<void> {
    const before = source.index;
    try {
      await make((share) => this.progress.show(source.root, share));
    } catch (error) {
      const { code, message } = asPacketTraceError(error);
      if (code !== 'cancelled') this.log(`No index of ${source.root}: ${message}`);
    } finally {
      this.progress.hide();
    }
    if (source.index !== before) this.change.fire();
  }

  private forget(): void {
    this.found = undefined;
    void this.find().then(() => this.change.fire());
  }

  dispose(): void {
    this.source?.dispose();
    this.change.dispose();
    this.progress.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

async function findRoot(): Promise<string | undefined> {
  const setting = pathSetting(Setting.KernelSourcePath);
  if (setting !== undefined) return (await isKernelTree(setting)) ? setting : undefined;
  const folders = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ uri }) => uri.fsPath);
  return findCheckout(folders);
}

function notATree(folder: string): string {
  return `“${folder}” is not a Linux kernel tree: it has no net/core/skbuff.c or another landmark.`;
}

/** Says what is missing and lets the user choose a folder, which becomes the setting. */
async function chooseCheckout(message: string): Promise<string | undefined> {
  const choose = 'Choose Folder…';
  const picked = await sayWarning(
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
