/** All that is to be said about a filter, with its place. Runs libpcap some dozens of times. */
import { REJECTS_ALL, type FilterLibrary } from '../libpcap/compile.ts';
import { constants, contradiction } from './lints/constant.ts';
import type { FilterDiagnostic } from './diagnostic.ts';
import { encapsulation } from './lints/encapsulation.ts';
import { diagnoseRefusal } from './recovery/errors.ts';
import { habits } from './lints/habits.ts';
import { outlineOf } from './logic-tree.ts';
import { precedence } from './lints/precedence.ts';
import { Trials } from './compile-cache.ts';

/** Errors first, then in the order of the text. */
export function diagnose(library: FilterLibrary, text: string): FilterDiagnostic[] {
  if (text.trim() === '') return [];
  const trials = new Trials(library);
  const [l2, l3] = [trials.compile(text, 'EN10MB'), trials.compile(text, 'RAW')];
  if (l2 === undefined || l3 === undefined) return [];
  const syntax = trials.parse(text, 'EN10MB');
  const outline = syntax && outlineOf(text, syntax);
  if (!l2.ok && !l3.ok) {
    if (outline !== undefined && l2.message === REJECTS_ALL)
      return [contradiction(text, outline, l2.message, trials)];
    const [refused, link] = l2.message === REJECTS_ALL ? [l3, 'RAW' as const] : [l2, 'EN10MB' as const];
    return [diagnoseRefusal(text, refused, link, trials)];
  }
  if (outline === undefined) return [];
  return [
    ...constants(text, outline, { l2, l3 }, trials),
    ...precedence(text, outline, trials),
    ...encapsulation(text, outline, trials),
    ...habits(text, outline, trials),
  ].sort((a, b) => a.start - b.start);
}
