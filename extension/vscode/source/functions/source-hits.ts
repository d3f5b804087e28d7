import * as vscode from 'vscode';
import type { CountedFunction } from '../../../recording/capture.ts';
import { functionsOfText } from '../../../kernel-source/c/scanner/file-functions.ts';
import { FunctionFlag, type FunctionFact } from '../../../kernel-source/c/scanner/facts.ts';
import { Throttle } from '../../../base/throttle.ts';
import { heatLevel } from './count-texts.ts';
import type { KernelCheckout } from '../kernel-checkout.ts';
import type { TraceModel } from '../../trace-model.ts';

/** Often enough to watch counts grow, seldom enough to leave the editor alone. */
const UPDATE_INTERVAL_MS = 1000;

/** Kernel sources, as a `when` clause and a selector name them. */
export const KERNEL_FILES: vscode.DocumentSelector = [
  { scheme: 'file', language: 'c' },
  { scheme: 'file', language: 'cpp' }, // what VS Code takes headers for
];

export interface SourceFunction {
  fact: FunctionFact;
  /** Functions of this name that packets passed and whose source this is; mostly one or none. */
  passed: readonly CountedFunction[];
}

interface Scanned {
  version: number;
  path: string;
  facts: readonly FunctionFact[];
}

/** What the shown capture says about the functions in the editors. */
export class SourceHits implements vscode.Disposable {
  private readonly change = new vscode.EventEmitter<void>();
  /** Fired when what visible editors show of it may have changed, and only then. */
  readonly onDidChange = this.change.event;
  private scans = new WeakMap<vscode.TextDocument, Scanned>();
  /** Whether a function that is defined in several files is the one in a file. */
  private readonly owners = new Map<string, Promise<boolean>>();
  private told = '';
  private readonly update = new Throttle(() => void this.compare(), UPDATE_INTERVAL_MS);
  private readonly requestUpdate = () => this.update.request();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly model: TraceModel,
    private readonly checkout: KernelCheckout,
  ) {
    model.on('state', this.requestUpdate).on('data', this.requestUpdate);
    this.subscriptions = [
      checkout.onDidChange(() => {
        this.owners.clear();
        this.scans = new WeakMap(); // the index may know more functions now
        this.told = '';
        this.requestUpdate();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => this.change.fire()),
    ];
  }

  /** Packets of the capture that is shown; undefined when there is none. */
  get packets(): number | undefined {
    const { shown } = this.model;
    return shown?.capture.functionCounts.packets;
  }

  /** The functions that a document defines, in order; none when it is not in the checkout. */
  async functionsOf(document: vscode.TextDocument): Promise<readonly FunctionFact[]> {
    return (await this.scan(document))?.facts ?? [];
  }

  /** The functions of a document with what passed them. */
  async of(document: vscode.TextDocument): Promise<SourceFunction[]> {
    const scan = await this.scan(document);
    if (scan === undefined) return [];
    return Promise.all(
      scan.facts.map(async (fact) => ({ fact, passed: await this.passed(fact.name, scan.path) })),
    );
  }

  private async passed(name: string, path: string): Promise<CountedFunction[]> {
    const passed = this.model.shown?.capture.functionCounts.of(name) ?? [];
    if (passed.length === 0) return [];
    const owned = await Promise.all(passed.map(({ module }) => this.isSource(name, module, path)));
    return passed.filter((_, at) => owned[at]);
  }

  private isSource(name: string, module: string, path: string): Promise<boolean> {
    const key = `${module}:${name}:${path}`;
    let answer = this.owners.get(key);
    if (answer === undefined) {
      answer = this.resolve(name, module, path);
      this.owners.set(key, answer);
    }
    return answer;
  }

  /** Where the checkout cannot tell one definition from another, each of them may be it. */
  private async resolve(name: string, module: string, path: string): Promise<boolean> {
    const source = await this.checkout.find();
    if (source?.index === undefined || source.index.pathsOf(name).length < 2) return true;
    const reference = { name, module: module === '' ? 'vmlinux' : module, takesSkb: true };
    const { candidates, certain } = await source.find(reference);
    const possible = certain ? candidates.slice(0, 1) : candidates;
    return possible.some(({ definition }) => definition.path === path);
  }

  private async scan(document: vscode.TextDocument): Promise<Scanned | undefined> {
    const known = this.scans.get(document);
    if (known?.version === document.version) return known;
    const path = await this.checkout.pathOf(document.uri);
    if (path === undefined || !/\.[ch]$/.test(path)) return undefined;
    const facts = [...functionsOfText(document.getText(), path), ...(await this.generated(document, path))];
    facts.sort((a, b) => a.line - b.line);
    const scan = { version: document.version, path, facts };
    this.scans.set(document, scan);
    return scan;
  }

  /** What macros make of the file as it was indexed; an edited text may have them elsewhere. */
  private async generated(document: vscode.TextDocument, path: string): Promise<readonly FunctionFact[]> {
    if (document.isDirty) return [];
    const functions = (await this.checkout.find())?.index?.functionsOf(path) ?? [];
    return functions.filter(({ flags }) => (flags & FunctionFlag.Generated) !== 0);
  }

  /** Tells of a change when visible documents have other counts than when it was told last. */
  private async compare(): Promise<void> {
    const documents = new Set(vscode.window.visibleTextEditors.map(({ document }) => document));
    const all = this.packets;
    const counts = [all === undefined ? 'none' : 'capture'];
    for (const document of documents) {
      for (const { passed } of await this.of(document))
        for (const { number, packets, dropped } of passed)
          counts.push(`${number}:${packets}:${dropped}:${heatLevel(packets, all ?? 0)}`);
    }
    const told = counts.join(' ');
    if (told === this.told) return;
    this.told = told;
    this.change.fire();
  }

  dispose(): void {
    this.model.off('state', this.requestUpdate).off('data', this.requestUpdate);
    this.update.dispose();
    this.change.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
