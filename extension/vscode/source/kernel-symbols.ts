import { join } from 'node:path';
import * as vscode from 'vscode';
import type { IndexedFunction } from '../../kernel-source/index/source-index.ts';
import { searchSymbols } from '../../kernel-source/symbol-search.ts';
import type { KernelCheckout } from './kernel-checkout.ts';

/** VS Code shows some hundred; more only cost time. */
const NAMES_MAX = 200;

class KernelSymbol extends vscode.SymbolInformation {
  constructor(
    readonly definition: IndexedFunction,
    uri: vscode.Uri,
    column = 0,
  ) {
    const { name, line } = definition;
    const start = new vscode.Position(line, column);
    // VS Code shows the file's path itself.
    super(name, vscode.SymbolKind.Function, '', new vscode.Location(uri, start));
  }
}

/** "Go to Symbol in Workspace" for the functions of the kernel checkout. */
export class KernelSymbols implements vscode.WorkspaceSymbolProvider<KernelSymbol> {
  constructor(private readonly checkout: KernelCheckout) {}

  async provideWorkspaceSymbols(query: string): Promise<KernelSymbol[]> {
    const source = await this.checkout.find();
    if (source?.index === undefined) return [];
    const { root } = source;
    return searchSymbols(source.index, query, NAMES_MAX).map(
      (definition) => new KernelSymbol(definition, vscode.Uri.file(join(root, definition.path))),
    );
  }

  /** The file may have been edited since it was indexed. */
  async resolveWorkspaceSymbol(symbol: KernelSymbol): Promise<KernelSymbol> {
    const { name, path, line } = symbol.definition;
    const source = await this.checkout.find();
    const { candidates = [] } = (await source?.find({ name, module: '' })) ?? {};
    const inFile = candidates.map(({ definition }) => definition).filter((each) => each.path === path);
    const [nearest] = inFile.sort((a, b) => Math.abs(a.line - line) - Math.abs(b.line - line));
    if (nearest === undefined) return symbol;
    const { uri } = symbol.location;
    const document = await vscode.workspace.openTextDocument(uri);
    const { text } = document.lineAt(Math.min(nearest.line, document.lineCount - 1));
    return new KernelSymbol(nearest, uri, Math.max(0, text.indexOf(name)));
  }
}
