import * as vscode from 'vscode';
import { SKB, type Variable, XDP } from '../../../common/expression/compile.ts';
import { printable } from '../../base/printable.ts';
import { type ExpressionCompletion, expressionCompletionsAt } from '../../filter/expression/completion.ts';
import { launchRegions } from '../../filter/language/regions.ts';
import { DEBUG_TYPE } from '../ids.ts';
import { launchDocuments, rangeIn, regionAt } from './filter-documents.ts';
import type { KnownTypes } from './known-types.ts';

/** What debug configurations have them in. */
const PROPERTIES: readonly [property: string, variable: Variable][] = [
  ['skbExpression', SKB],
  ['xdpExpression', XDP],
];
const KINDS: Readonly<Record<ExpressionCompletion['kind'], vscode.CompletionItemKind>> = {
  variable: vscode.CompletionItemKind.Variable,
  member: vscode.CompletionItemKind.Field,
};
const NO_KERNEL =
  'Members of structures are completed by the types of the kernel that was traced last from VS Code. None was traced yet.';

/** Completion of expressions about `skb` and `xdp` in debug configurations. */
export function registerExpressionCompletion(types: KnownTypes): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider(
    launchDocuments,
    { provideCompletionItems: (document, position) => complete(document, position, types) },
    '>',
    '.',
  );
}

async function complete(
  document: vscode.TextDocument,
  position: vscode.Position,
  types: KnownTypes,
): Promise<vscode.CompletionItem[]> {
  const text = document.getText();
  for (const [property, variable] of PROPERTIES) {
    const found = regionAt(document, position, launchRegions(text, DEBUG_TYPE, [property]));
    if (found === undefined) continue;
    const kernel = await types.kernel();
    const { region, offset } = found;
    const { start, items, wantsTypes } = expressionCompletionsAt(
      region.text,
      offset,
      variable,
      kernel?.compiler,
    );
    const range = new vscode.Range(rangeIn(document, region, { start, end: start }).start, position);
    return wantsTypes
      ? [noKernelItem(range, document.getText(range))]
      : items.map((item, index) => completionItem(item, index, range, kernel?.name));
  }
  return [];
}

function completionItem(
  { kind, text, detail }: ExpressionCompletion,
  index: number,
  range: vscode.Range,
  kernel: string | undefined,
): vscode.CompletionItem {
  const item = new vscode.CompletionItem({ label: text, description: printable(detail) }, KINDS[kind]);
  item.range = range;
  // In the order of the structure.
  item.sortText = String(index).padStart(4, '0');
  item.documentation = kernel === undefined ? NO_KERNEL : `${printable(kernel)}, which was traced last.`;
  return item;
}

/** Puts in nothing. @param typed what the list is filtered by */
function noKernelItem(range: vscode.Range, typed: string): vscode.CompletionItem {
  const item = new vscode.CompletionItem('members are not known yet', vscode.CompletionItemKind.Text);
  item.range = range;
  item.insertText = typed;
  item.filterText = typed;
  item.documentation = NO_KERNEL;
  return item;
}
