/** Parts of a filter that match every packet, or none, of a link type. */
import { REJECTS_ALL, type LinkType } from '../../libpcap/compile.ts';
import { matchesEveryPacket } from '../../libpcap/verdict.ts';
import { operandsOf, type Outline } from '../logic-tree.ts';
import type { Trials } from '../compile-cache.ts';

/** `refused`: libpcap has no code for it on this link type. */
export type Matches = 'all' | 'none' | 'some' | 'refused';

export function matchesOf(source: string, link: LinkType, trials: Trials): Matches {
  const result = trials.compile(source, link);
  if (result === undefined) return 'some';
  if (result.ok) return matchesEveryPacket(result.instructions) ? 'all' : 'some';
  return result.message === REJECTS_ALL ? 'none' : 'refused';
}

/** Within a part that is constant on a link type, the smallest part that explains it: a part, or two of its operands. */
export function reasonFor(outline: Outline, link: LinkType, trials: Trials): Outline[] {
  const state = (part: Outline) => matchesOf(part.source, link, trials);
  switch (outline.kind) {
    case 'term':
      return [outline];
    case 'group':
    case 'not': {
      const inner = state(outline.inner);
      return inner === 'all' || inner === 'none' ? reasonFor(outline.inner, link, trials) : [outline];
    }
    case 'and':
    case 'or': {
      const deciding = outline.kind === 'and' ? 'none' : 'all';
      const operands = operandsOf(outline, outline.kind);
      const alone = operands.find((part) => state(part) === deciding);
      if (alone !== undefined) return reasonFor(alone, link, trials);
      for (const [index, later] of operands.entries())
        for (const earlier of operands.slice(0, index))
          if (matchesOf(`(${earlier.source}) ${outline.kind} (${later.source})`, link, trials) === deciding)
            return [earlier, later];
      return [outline];
    }
  }
}
