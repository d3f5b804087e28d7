import * as vscode from 'vscode';
import { asPacketTraceError } from '../../base/errors.ts';
import type { FilterAnalysis, FilterDiagnostic, FilterFix } from '../../filter/diagnostics/diagnostic.ts';
import { filterDocuments, rangeIn, regionsOf } from './filter-documents.ts';
import type { FilterRegion } from '../../filter/language/regions.ts';
import { GRACE_MS } from '../../filter/patient-analysis.ts';
import type { Log } from '../messages/log.ts';

type Analyse = (text: string, signal: AbortSignal) => Promise<FilterAnalysis>;

const severities = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
} as const;

/** How many filters' results are kept: more than a launch.json has. */
const REMEMBERED = 100;

/** What libpcap says of the filters in open documents, as they are typed; with its fixes as code actions. */
export class LiveDiagnostics implements vscode.Disposable, vscode.CodeActionProvider {
  private readonly collection = vscode.languages.createDiagnosticCollection('pcap-filter');
  private readonly subscriptions: vscode.Disposable[];
  private readonly running = new Map<string, AbortController>();
  private readonly fixes = new Map<string, vscode.CodeAction[]>();
  /** By text: of the filters of a document one changes at a time. */
  private readonly known = new Map<string, FilterDiagnostic[]>();
  /** One filter at a time, whatever the document: a newer analysis ends an older one. */
  private queue: Promise<unknown> = Promise.resolve();

  /** @param analyse a compiler's that nobody else asks */
  constructor(
    private readonly analyse: Analyse,
    private readonly log: Log,
  ) {
    const { workspace, languages } = vscode;
    this.subscriptions = [
      this.collection,
      workspace.onDidOpenTextDocument((document) => this.check(document)),
      workspace.onDidChangeTextDocument(({ document }) => this.check(document)),
      workspace.onDidCloseTextDocument((document) => this.forget(document)),
      languages.registerCodeActionsProvider(filterDocuments, this, {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
      }),
    ];
    for (const document of workspace.textDocuments) this.check(document);
  }

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    const fixes = this.fixes.get(document.uri.toString()) ?? [];
    return fixes.filter(({ diagnostics }) => diagnostics?.some((found) => found.range.intersection(range)));
  }

  dispose(): void {
    for (const controller of this.running.values()) controller.abort();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private check(document: vscode.TextDocument): void {
    if (vscode.languages.match(filterDocuments, document) === 0) return;
    const key = document.uri.toString();
    const previous = this.running.get(key);
    setTimeout(() => previous?.abort(), GRACE_MS);
    const controller = new AbortController();
    this.running.set(key, controller);
    this.queue = this.queue
      .then(() => this.publish(document, controller))
      .catch((thrown: unknown) => {
        const error = asPacketTraceError(thrown);
        if (error.code !== 'cancelled') this.log.error(`Checking the filters of ${key}: ${error.message}`);
      });
  }

  private async publish(document: vscode.TextDocument, controller: AbortController): Promise<void> {
    const { signal } = controller;
    const isStale = () => signal.aborted || this.running.get(document.uri.toString()) !== controller;
    const diagnostics: vscode.Diagnostic[] = [];
    const fixes: vscode.CodeAction[] = [];
    for (const region of isStale() ? [] : regionsOf(document)) {
      for (const found of await this.diagnosticsOf(region.text, signal)) {
        const diagnostic = diagnosticIn(document, region, found);
        diagnostics.push(diagnostic);
        fixes.push(...found.fixes.map((fix) => actionFor(document, region, fix, diagnostic)));
      }
    }
    if (isStale()) return;
    this.fixes.set(document.uri.toString(), fixes);
    this.collection.set(document.uri, diagnostics);
  }

  private async diagnosticsOf(text: string, signal: AbortSignal): Promise<FilterDiagnostic[]> {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const { diagnostics } = await this.analyse(text, signal);
    const [oldest] = this.known.keys();
    if (this.known.size >= REMEMBERED && oldest !== undefined) this.known.delete(oldest);
    this.known.set(text, diagnostics);
    return diagnostics;
  }

  private forget({ uri }: vscode.TextDocument): void {
    this.running.get(uri.toString())?.abort();
    this.running.delete(uri.toString());
    this.fixes.delete(uri.toString());
    this.collection.delete(uri);
  }
}

function diagnosticIn(
  document: vscode.TextDocument,
  region: FilterRegion,
  { start, end, message, severity, code }: FilterDiagnostic,
): vscode.Diagnostic {
  const range = rangeIn(document, region, { start, end });
  const diagnostic = new vscode.Diagnostic(range, message, severities[severity]);
  diagnostic.source = 'pcap filter';
  diagnostic.code = code;
  return diagnostic;
}

function actionFor(
  document: vscode.TextDocument,
  region: FilterRegion,
  { title, edits, preferred }: FilterFix,
  diagnostic: vscode.Diagnostic,
): vscode.CodeAction {
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.diagnostics = [diagnostic];
  action.isPreferred = preferred;
  action.edit = new vscode.WorkspaceEdit();
  for (const edit of edits)
    action.edit.replace(document.uri, rangeIn(document, region, edit), region.encode(edit.text));
  return action;
}
