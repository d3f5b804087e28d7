/**
 * All that is to be said about a filter, with its place. A text comes in, diagnostics with fixes that compile go out;
 * libpcap runs some dozens of times. Read this file first: lints/ has the rules for valid filters, recovery/ those
 * for refused ones, logic-tree.ts what libpcap parsed.
 */
import { REJECTS_ALL, type FilterLibrary } from '../libpcap/compile.ts';
import { CompileCache } from './compile-cache.ts';
import type { FilterDiagnostic } from './diagnostic.ts';
import { constants, contradiction } from './lints/constant-parts.ts';
import { encapsulation } from './lints/encapsulation.ts';
import { lintDiagnostic } from './lints/lint.ts';
import { precedence } from './lints/precedence.ts';
import { suspiciousTerms } from './lints/suspicious-terms.ts';
import { logicTreeOf } from './logic-tree.ts';
import { diagnoseRefusal } from './recovery/diagnose-refusal.ts';

/** Errors first, then in the order of the text. */
export function diagnose(library: FilterLibrary, text: string): FilterDiagnostic[] {
  if (text.trim() === '') return [];
  const cache = new CompileCache(library);
  const [l2, l3] = [cache.compile(text, 'EN10MB'), cache.compile(text, 'RAW')];
  if (l2 === undefined || l3 === undefined) return [];
  const syntax = cache.parse(text, 'EN10MB');
  const tree = syntax && logicTreeOf(text, syntax);
  if (!l2.ok && !l3.ok) {
    if (tree !== undefined && l2.message === REJECTS_ALL)
      return [lintDiagnostic(text, contradiction(text, tree, l2.message, cache), cache)];
    const [refused, link] = l2.message === REJECTS_ALL ? [l3, 'RAW' as const] : [l2, 'EN10MB' as const];
    return [diagnoseRefusal(text, refused, link, cache)];
  }
  if (tree === undefined) return [];
  const lints = [
    ...constants(text, tree, { l2, l3 }, cache),
    ...precedence(text, tree),
    ...encapsulation(text, tree),
    ...suspiciousTerms(text, tree, library.names),
  ];
  return lints.map((lint) => lintDiagnostic(text, lint, cache)).sort((a, b) => a.start - b.start);
}
