/** A refused filter: libpcap's message where it belongs, what is wrong in plain words, and repairs that compile. */
import { REJECTS_ALL, type LinkType, type RefusedResult } from '../../libpcap/compile.ts';
import { brackets } from './brackets.ts';
import type { FilterDiagnostic } from '../diagnostic.ts';
import { fix } from '../edits.ts';
import { meanings } from './meaning.ts';
import { operators } from './operators.ts';
import { pasted } from './pasted.ts';
import { replaced, type Finding, type Problem, type Recogniser } from '../problem.ts';
import { terms } from './terms.ts';
import type { Trials } from '../compile-cache.ts';
import { values } from './values.ts';
import { displayFilter } from './wireshark.ts';
import { words } from './words.ts';

/** The first that recognises a mistake explains it. */
const recognisers: readonly Recogniser[] = [
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
  trials: Trials,
): FilterDiagnostic {
  const problem = problemOf(text, result, link, trials);
  const finding = recognise(problem);
  const repairs = mend(text, finding, trials, MAX_DEPTH).slice(0, MAX_FIXES);
  return {
    ...(finding.range ?? problem.shown),
    severity: 'error',
    code: finding.code,
    message: `${result.message}. ${finding.explanation}`.trim(),
    fixes: repairs.map((repair, index) =>
      fix(text, repair, index === 0 && finding.ambiguous !== true && finding.repairs.includes(repair)),
    ),
  };
}

function problemOf(
  text: string,
  { message, range: located }: RefusedResult,
  link: LinkType,
  trials: Trials,
): Problem {
  const shown = located ?? { start: 0, end: text.length };
  const syntax = trials.parse(text, link);
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
    names: trials.library.names,
  };
}

function recognise(problem: Problem): Finding {
  for (const recogniser of recognisers) {
    const finding = recogniser(problem);
    if (finding !== undefined) return finding;
  }
  return {
    code: problem.syntax ? 'syntax' : 'refused',
    explanation: problem.atEnd ? 'The filter ends too early.' : `"${problem.word}" is not expected here.`,
    repairs: [],
  };
}

/** The repairs that compile; of one that leaves another mistake, that is mended too. */
function mend(text: string, finding: Finding, trials: Trials, depth: number): string[] {
  const repairs = [...new Set(finding.repairs)].filter((repair) => repair !== text && repair.trim() !== '');
  const whole = repairs.filter((repair) => trials.accepts(repair));
  if (whole.length > 0 || depth === 0) return whole;
  for (const repair of repairs.slice(0, 3)) {
    const result = trials.compile(repair, 'EN10MB');
    if (result === undefined || result.ok) continue;
    const problem = problemOf(repair, result, 'EN10MB', trials);
    const next = result.message === REJECTS_ALL ? withOr(problem) : recognise(problem);
    const further = mend(repair, next, trials, depth - 1);
    if (further.length > 0) return further.slice(0, 1);
  }
  return [];
}

/** `tcp AND udp`: also in small letters no packet is both. */
function withOr({ text }: Problem): Finding {
  return {
    code: 'contradiction',
    explanation: '',
    repairs: [...text.matchAll(/\band\b|&&/g)].map(({ index, 0: { length } }) =>
      replaced(text, { start: index, end: index + length }, 'or'),
    ),
  };
}
