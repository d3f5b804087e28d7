/** From a filter to a better one, the smallest edit between them, and its name. */
import type { TextRange } from '../libpcap/syntax.ts';
import type { FilterFix, TextEdit } from './diagnostic.ts';

/** The text with its part in this range replaced. */
export function replaced(text: string, { start, end }: TextRange, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** The text with everything around this place joined by one space, or by none at the ends. */
export function without(text: string, { start, end }: TextRange): string {
  return [text.slice(0, start).trimEnd(), text.slice(end).trimStart()]
    .filter((part) => part !== '')
    .join(' ');
}

/** @param repair the whole changed filter, which differs */
export function fix(text: string, repair: string, preferred: boolean): FilterFix {
  const edit = difference(text, repair);
  const [before, after] = [text.slice(edit.start, edit.end).trim(), edit.text.trim()];
  const title =
    after === ''
      ? `Remove "${before}"`
      : before === ''
        ? `Insert "${after}"`
        : `Change "${before}" to "${after}"`;
  return { title, edits: [edit], preferred };
}

/** Replaces whole words, so that it can be read. */
function difference(from: string, to: string): TextEdit {
  let start = 0;
  const shorter = Math.min(from.length, to.length);
  while (start < shorter && from[start] === to[start]) start++;
  let tail = 0;
  while (tail < shorter - start && from.at(-1 - tail) === to.at(-1 - tail)) tail++;
  const splits = (text: string, at: number) =>
    /[\w.:]/.test(text[at - 1] ?? '') && /[\w.:]/.test(text[at] ?? '');
  while (start > 0 && (splits(from, start) || splits(to, start))) start--;
  while (tail > 0 && (splits(from, from.length - tail) || splits(to, to.length - tail))) tail--;
  return { start, end: from.length - tail, text: to.slice(start, to.length - tail) };
}

/** The text after all edits, which do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const backwards = [...edits].sort((a, b) => b.start - a.start);
  return backwards.reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  );
}
