import * as vscode from 'vscode';
import { regionAt, regionsOf } from './filter-documents.ts';

/** The filter of the active editor: the one at the cursor, or the first; undefined where there is none. */
export function activeFilter(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return undefined;
  const { document, selection } = editor;
  return (regionAt(document, selection.active)?.region ?? regionsOf(document)[0])?.text;
}
