import * as vscode from 'vscode';
import { FILTER_LANGUAGE, Setting } from '../ids.ts';
import { filterDocuments, rangeIn, regionAt, regionsOf } from './filter-documents.ts';
import { completionsAt, type Completion } from '../../filter/language/completion.ts';
import { formatFilter } from '../../filter/language/format.ts';
import { hoverAt } from '../../filter/language/hover.ts';
import { inlayHints } from '../../filter/language/inlay-hints.ts';
import type { NameLookup } from '../../filter/language/name-lookup.ts';

const Kind = vscode.CompletionItemKind;
const kinds: Record<Completion['kind'], vscode.CompletionItemKind> = {
  direction: Kind.Keyword,
  type: Kind.Keyword,
  logical: Kind.Keyword,
  protocol: Kind.Interface,
  primitive: Kind.Function,
  length: Kind.Variable,
  offset: Kind.Field,
  value: Kind.EnumMember,
  service: Kind.Constant,
  number: Kind.Value,
  operator: Kind.Operator,
  operand: Kind.EnumMember,
};

/** Completion, hover, formatting and inlay hints of filters in documents. */
export function registerLanguageFeatures(names: NameLookup): vscode.Disposable {
  const { languages } = vscode;
  return vscode.Disposable.from(
    languages.registerCompletionItemProvider(
      filterDocuments,
      { provideCompletionItems: (document, position) => complete(document, position, names) },
      ' ',
      '[',
      '\\',
    ),
    languages.registerHoverProvider(filterDocuments, {
      provideHover: (document, position) => hover(document, position, names),
    }),
    languages.registerInlayHintsProvider(filterDocuments, {
      provideInlayHints: (document) => hints(document, names),
    }),
    languages.registerDocumentFormattingEditProvider(FILTER_LANGUAGE, {
      provideDocumentFormattingEdits: format,
    }),
  );
}

function complete(
  document: vscode.TextDocument,
  position: vscode.Position,
  names: NameLookup,
): vscode.CompletionItem[] {
  const found = regionAt(document, position);
  if (found === undefined) return [];
  const { region, offset } = found;
  // The file's own text: whether the place is in a comment is to be seen.
  const text = region.comments ? document.getText() : region.text;
  const { start, items } = completionsAt(text, offset, names, region);
  const range = new vscode.Range(rangeIn(document, region, { start, end: start }).start, position);
  return items.map((completion, index) => {
    const item = new vscode.CompletionItem(
      { label: completion.text, description: completion.detail },
      kinds[completion.kind],
    );
    item.insertText = region.encode(completion.text);
    item.filterText = item.insertText;
    item.sortText = String(index).padStart(4, '0');
    item.range = range;
    if (completion.says !== '') item.documentation = completion.says;
    return item;
  });
}

function hover(
  document: vscode.TextDocument,
  position: vscode.Position,
  names: NameLookup,
): vscode.Hover | undefined {
  const found = regionAt(document, position);
  const says = found && hoverAt(found.region.text, found.offset, names);
  if (found === undefined || says === undefined) return undefined;
  const paragraphs = says.says.map((paragraph) => new vscode.MarkdownString().appendText(paragraph));
  return new vscode.Hover(paragraphs, rangeIn(document, found.region, says));
}

function hints(document: vscode.TextDocument, names: NameLookup): vscode.InlayHint[] {
  if (!vscode.workspace.getConfiguration(undefined, document).get<boolean>(Setting.FilterInlayHints, true))
    return [];
  return regionsOf(document).flatMap((region) =>
    inlayHints(region.text, names).map(({ offset, text }) => {
      const hint = new vscode.InlayHint(document.positionAt(region.toDocument(offset)), text);
      hint.paddingLeft = true;
      return hint;
    }),
  );
}

function format(document: vscode.TextDocument): vscode.TextEdit[] {
  const text = document.getText();
  const formatted = formatFilter(text);
  if (formatted === text) return [];
  const all = new vscode.Range(document.positionAt(0), document.positionAt(text.length));
  return [vscode.TextEdit.replace(all, formatted)];
}
