import * as vscode from 'vscode';
import { DEBUG_TYPE, FILTER_LANGUAGE } from '../ids.ts';
import { fileRegion, launchRegions, type FilterRegion } from '../../filter/language/regions.ts';

/** Documents that may have debug configurations. */
export const launchDocuments: vscode.DocumentFilter[] = [
  { language: 'jsonc', pattern: '**/launch.json' },
  { language: 'jsonc', pattern: '**/*.code-workspace' },
];

/** Documents that may have filters. */
export const filterDocuments: vscode.DocumentSelector = [{ language: FILTER_LANGUAGE }, ...launchDocuments];

/** The filters of a document, in its order. */
export function regionsOf(document: vscode.TextDocument): FilterRegion[] {
  const text = document.getText();
  if (document.languageId === FILTER_LANGUAGE) return [fileRegion(text)];
  return vscode.languages.match(filterDocuments, document) > 0 ? launchRegions(text, DEBUG_TYPE) : [];
}

/** The filter that a position of a document is in, if it is in one. */
export function regionAt(
  document: vscode.TextDocument,
  position: vscode.Position,
  regions = regionsOf(document),
): { region: FilterRegion; offset: number } | undefined {
  const place = document.offsetAt(position);
  const region = regions.find(({ start, end }) => start <= place && place <= end);
  return region && { region, offset: region.toFilter(place) };
}

export function rangeIn(
  document: vscode.TextDocument,
  region: FilterRegion,
  { start, end }: { start: number; end: number },
): vscode.Range {
  return new vscode.Range(
    document.positionAt(region.toDocument(start)),
    document.positionAt(region.toDocument(end)),
  );
}
