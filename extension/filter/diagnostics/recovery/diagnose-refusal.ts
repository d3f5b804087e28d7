/** A refused filter: libpcap's message where it belongs, what is wrong in plain words, and repairs that compile. */
import { REJECTS_ALL, type LinkType, type RefusedResult } from '../../libpcap/compile.ts';
import type { CompileCache } from '../compile-cache.ts';
import type { FilterDiagnostic } from '../diagnostic.ts';
import { fix, replaced } from '../edits.ts';
import { brackets } from './brackets.ts';
import { meanings } from './meaning.ts';
import { operators } from './operators.ts';
import { pasted } from './pasted.ts';
import type { Problem, Recovery, RecoveryRule } from './problem.ts';
import { terms } from './terms.ts';
import { values } from './values.ts';
import { displayFilter } from './wireshark.ts';
import { words } from './words.ts';

/** The first that recognises a mistake explains it. */
const rules: readonly RecoveryRule[] = [
  ...pasted,
  displayFilter,
  ...operators,
  ...values,
  ...brackets,
  ...terms,
  ...words,
  ...meanings,
];

/** So many mistakes are mended together. */
const MAX_DEPTH = 3;
const MAX_FIXES = 3;

export function diagnoseRefusal(
  text: string,
  result: RefusedResult,
  link: LinkType,
  cache: CompileCache,
): FilterDiagnostic {
  const problem = problemOf(text, result, link, cache);
  const recovery = recover(problem);
  const repairs = mend(text, recovery, cache, MAX_DEPTH).slice(0, MAX_FIXES);
  return {
    ...(recovery.range ?? problem.shown),
    severity: 'error',
    code: recovery.code,
    message: `${result.message}. ${recovery.explanation}`.trim(),
    fixes: repairs.map((repair, index) =>
      fix(text, repair, index === 0 && recovery.ambiguous !== true && recovery.repairs.includes(repair)),
    ),
  };
}

function problemOf(
  text: string,
  { message, range: located }: RefusedResult,
  link: LinkType,
  cache: CompileCache,
): Problem {
  const shown = located ?? { start: 0, end: text.length };
  const syntax = cache.parse(text, link);
  const isSyntax = syntax !== undefined && syntax.reducing < 0;
  const atEnd = isSyntax && syntax.next.start >= text.length;
  const range = isSyntax && !atEnd ? syntax.next : shown;
  return {
    text,
    message,
    shown,
    range,
    before: text.slice(0, range.start),
    word: text.slice(range.start, range.end),
    after: text.slice(range.end),
    syntax: isSyntax,
    atEnd,
    names: cache.library.names,
  };
}

function recover(problem: Problem): Recovery {
  for (const rule of rules) {
    const recovery = rule(problem);
    if (recovery !== undefined) return recovery;
  }
  return {
    code: problem.syntax ? 'syntax' : 'refused',
    explanation: problem.atEnd ? 'The filter ends too early.' : `"${problem.word}" is not expected here.`,
    repairs: [],
  };
}

/** The repairs that compile; of one that leaves another mistake, that is mended too. */
function mend(text: string, recovery: Recovery, cache: CompileCache, depth: number): string[] {
  const repairs = [...new Set(recovery.repairs)].filter((repair) => repair !== text && repair.trim() !== '');
  const whole = repairs.filter((repair) => cache.accepts(repair));
  if (whole.length > 0 || depth === 0) return whole;
  for (const repair of repairs.slice(0, 3)) {
    const result = cache.compile(repair, 'EN10MB');
    if (result === undefined || result.ok) continue;
    const problem = problemOf(repair, result, 'EN10MB', cache);
    const next = result.message === REJECTS_ALL ? withOr(problem) : recover(problem);
    const further = mend(repair, next, cache, depth - 1);
    if (further.length > 0) return further.slice(0, 1);
  }
  return [];
}

/** `tcp AND udp`: also in small letters no packet is both. */
function withOr({ text }: Problem): Recovery {
  return {
    code: 'contradiction',
    explanation: '',
    repairs: [...text.matchAll(/\band\b|&&/g)].map(({ index, 0: { length } }) =>
      replaced(text, { start: index, end: index + length }, 'or'),
    ),
  };
}
