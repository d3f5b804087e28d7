/** `vlan`, `mpls`, `pppoes` and `geneve` move the place where every later term looks, also behind an `or`. */
import type { TextRange } from '../../libpcap/syntax.ts';
import type { FilterDiagnostic } from '../diagnostic.ts';
import { fix } from '../edits.ts';
import { partsOf, termsOf, type Joined, type Outline } from '../logic-tree.ts';
import { replaced } from '../problem.ts';
import type { Trials } from '../compile-cache.ts';

const SHIFTS = /^(vlan|mpls|pppoes|geneve)\b/;

export function encapsulation(text: string, outline: Outline, trials: Trials): FilterDiagnostic[] {
  for (const part of partsOf(outline)) {
    if (part.kind !== 'and' && part.kind !== 'or') continue;
    const shifting = termsOf(part.left).find(({ source }) => SHIFTS.test(source));
    if (shifting === undefined || (part.kind === 'and' && !isNegated(part.left))) continue;
    const word = SHIFTS.exec(shifting.source)?.[1] ?? '';
    const later = text.slice(part.right.start, part.right.end);
    const mixed = part.left.kind === 'and' || part.left.kind === 'or' || movesOffsets(part.right);
    const repair = mixed ? undefined : swapped(text, part);
    return [
      {
        start: shifting.start,
        end: shifting.end,
        severity: 'warning',
        code: 'offsets-move',
        message: `After "${word}" all that follows looks behind its header, also where the packet has none: "${later}" too. Put "${word}" last.`,
        fixes: repair !== undefined && trials.accepts(repair) ? [fix(text, repair, true)] : [],
      },
    ];
  }
  return [];
}

function isNegated(part: Outline): boolean {
  return part.kind === 'not' && movesOffsets(part);
}

export function movesOffsets(part: Outline): boolean {
  return termsOf(part).some(({ source }) => SHIFTS.test(source));
}

/** The filter with the two operands exchanged. */
export function swapped(text: string, { start, end, left, right, operator }: Joined): string {
  const shown = (range: TextRange) => text.slice(range.start, range.end);
  return replaced(text, { start, end }, `${shown(right)} ${shown(operator)} ${shown(left)}`);
}
