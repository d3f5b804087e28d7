import type { IndexWithOverlay } from './index/index-with-overlay.ts';
import type { IndexedFunction } from './index/source-index.ts';
import { lastUpTo } from './tables/last-up-to.ts';
import type { StringColumns } from './tables/string-table.ts';

/** More names of one rank are not put in order: a letter or two is in nearly every name. */
const RANK_MAX = 20_000;

const UNDERSCORE = 95;

/**
 * Functions for what the user typed, best first: the name itself, names that begin with it, names with a word
 * that begins with it, then the rest; shorter names first among equals. Case matters, as in C.
 * @param limit how many names at most
 */
export function searchSymbols(index: IndexWithOverlay, query: string, limit: number): IndexedFunction[] {
  const text = query.replace(/\W/g, '');
  if (text === '') return [];
  return bestNames(index.base.columns.names, text, limit).flatMap((name) => index.definitions(name));
}

/** @param names sorted */
export function bestNames({ bytes, offsets }: StringColumns, text: string, limit: number): string[] {
  const table = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = Buffer.from(text, 'latin1');
  const ranks: number[][] = [[], [], [], []];
  // One search over the whole table: a thousand times faster than one for each name.
  for (let at = table.indexOf(wanted); at >= 0;) {
    const name = lastUpTo(offsets.length - 1, (number) => offsets[number] ?? 0, at);
    const end = offsets[name + 1] ?? 0;
    const fits = at + wanted.length <= end; // else it runs over into the next name
    if (fits) {
      const names = ranks[rankOf(at, offsets[name] ?? 0, end, wanted.length, table[at - 1])];
      if (names !== undefined && names.length < RANK_MAX) names.push(name);
    }
    at = table.indexOf(wanted, end);
  }
  const length = (name: number) => (offsets[name + 1] ?? 0) - (offsets[name] ?? 0);
  const best: number[] = [];
  for (const names of ranks) {
    if (best.length >= limit) break;
    best.push(...names.sort((a, b) => length(a) - length(b) || a - b).slice(0, limit - best.length));
  }
  return best.map((name) => table.toString('latin1', offsets[name], offsets[name + 1]));
}

function rankOf(
  at: number,
  start: number,
  end: number,
  length: number,
  before: number | undefined,
): 0 | 1 | 2 | 3 {
  if (at === start) return end - start === length ? 0 : 1;
  return before === UNDERSCORE ? 2 : 3;
}
