import { FunctionFlag, type FileFacts } from './c/scanner/facts.ts';
import { scanFile } from './c/scanner/scan-file.ts';
import type { IndexedFunction } from './index/source-index.ts';

/** Where a definition is in a file as it is now. Lines count from 0. */
export interface Place {
  line: number;
  lastLine: number;
}

/**
 * Finds a definition of the index again in the text of its file, which may have been edited since.
 * @returns undefined when the file no longer has it
 */
export function locate(bytes: Buffer, definition: IndexedFunction): Place | undefined {
  const facts = scanFile(bytes, definition.path.endsWith('.h'));
  const { name, line } = definition;
  const byName = nearest(
    facts.functions.filter((fact) => fact.name === name),
    line,
  );
  if (byName !== undefined || (definition.flags & FunctionFlag.Generated) === 0) return byName;
  return locateGenerated(facts, name, line);
}

/** A function that a macro makes is where the macro is used with the longest part of the function's name. */
function locateGenerated(
  { invocations, functions }: FileFacts,
  name: string,
  line: number,
): Place | undefined {
  const parts = [
    ...invocations.map((use) => ({ use, part: longest(use.arguments.filter((word) => isPart(word, name))) })),
    // `mtype_list` makes `hash_ip_list`, `FNAME(fetch)` makes `paging64_fetch`.
    ...functions.map((use) => ({
      use,
      part: longest([commonEnd(use.name, name), ...(use.nameArguments ?? [])]),
    })),
  ].filter(({ part }) => part.length > 1 && name.includes(part));
  const most = Math.max(0, ...parts.map(({ part }) => part.length));
  return nearest(
    parts.filter(({ part }) => part.length === most).map(({ use }) => use),
    line,
  );
}

function isPart(word: string, name: string): boolean {
  return /^\w+$/.test(word) && name.includes(word);
}

function longest(words: readonly string[]): string {
  return words.reduce((a, b) => (b.length > a.length ? b : a), '');
}

function commonEnd(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length === 0 ? '' : a.slice(-length);
}

function nearest<T extends Place>(places: readonly T[], line: number): Place | undefined {
  const [first, ...others] = places;
  if (first === undefined) return undefined;
  const best = others.reduce((a, b) => (Math.abs(b.line - line) < Math.abs(a.line - line) ? b : a), first);
  return { line: best.line, lastLine: best.lastLine };
}
