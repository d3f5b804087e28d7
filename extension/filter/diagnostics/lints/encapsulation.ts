/** `vlan`, `mpls`, `pppoes` and `geneve` move the place where every later term looks, also behind an `or`. */
import type { TextRange } from '../../libpcap/syntax.ts';
import { replaced } from '../edits.ts';
import { joinedParts, termsOf, type Joined, type LogicTree } from '../logic-tree.ts';
import type { Lint } from './lint.ts';

const SHIFTS = /^(vlan|mpls|pppoes|geneve)\b/;

export function encapsulation(text: string, tree: LogicTree): Lint[] {
  for (const part of joinedParts(tree)) {
    const shifting = termsOf(part.left).find(({ source }) => SHIFTS.test(source));
    if (shifting === undefined || (part.kind === 'and' && !isNegated(part.left))) continue;
    const word = SHIFTS.exec(shifting.source)?.[1] ?? '';
    const later = text.slice(part.right.start, part.right.end);
    const mixed = part.left.kind === 'and' || part.left.kind === 'or' || movesOffsets(part.right);
    return [
      {
        start: shifting.start,
        end: shifting.end,
        severity: 'warning',
        code: 'offsets-move',
        message: `After "${word}" all that follows looks behind its header, also where the packet has none: "${later}" too. Put "${word}" last.`,
        repairs: mixed ? [] : [swapped(text, part)],
      },
    ];
  }
  return [];
}

function isNegated(part: LogicTree): boolean {
  return part.kind === 'not' && movesOffsets(part);
}

export function movesOffsets(part: LogicTree): boolean {
  return termsOf(part).some(({ source }) => SHIFTS.test(source));
}

/** The filter with the two operands exchanged. */
export function swapped(text: string, { start, end, left, right, operator }: Joined): string {
  const shown = (range: TextRange) => text.slice(range.start, range.end);
  return replaced(text, { start, end }, `${shown(right)} ${shown(operator)} ${shown(left)}`);
}
