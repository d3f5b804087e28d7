import type { IndexedFunction } from '../index/source-index.ts';
import { type Evidence, type Reference, WEIGHT } from './evidence.ts';

/** What is left of the doubt after each neighbour of the same file. */
const NEIGHBOUR_DOUBT = 0.6;

/** The linker keeps the functions of a file together. @param filesOf the files that define a name */
export function neighbourEvidence(
  { path, objectPath }: IndexedFunction,
  { neighbours = [] }: Reference,
  filesOf: (name: string) => readonly string[],
): Evidence[] {
  const same = neighbours
    .map((name) => ({ name, files: filesOf(name) }))
    .filter(({ files }) => files.includes(path) || files.includes(objectPath));
  if (same.length === 0) return [];
  // A name that several files define says less; the first that only one defines says most.
  const count = same.reduce((sum, { files }) => sum + 1 / files.length, 0);
  const weight = Math.round(WEIGHT.neighbours * (1 - NEIGHBOUR_DOUBT ** count));
  const names = same.slice(0, 2).map(({ name }) => name);
  return [{ weight, text: `next to ${names.join(' and ')} in memory` }];
}
