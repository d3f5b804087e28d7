import type { CompileCache } from '../compile-cache.ts';
import type { FilterDiagnostic } from '../diagnostic.ts';
import { fix } from '../edits.ts';

/** What is doubtful in a filter that libpcap can compile. */
export interface Lint extends Omit<FilterDiagnostic, 'fixes'> {
  /** Whole filters that may be meant, the most probable first; compiled before they are offered. */
  repairs?: readonly string[];
  /** More than one repair is as probable: none is preferred. */
  ambiguous?: true;
}

export function lintDiagnostic(text: string, lint: Lint, cache: CompileCache): FilterDiagnostic {
  const { start, end, severity, code, message, repairs = [], ambiguous } = lint;
  const fixes = repairs
    .filter((repair) => cache.accepts(repair))
    .map((repair, index) => fix(text, repair, index === 0 && ambiguous !== true));
  return { start, end, severity, code, message, fixes };
}
