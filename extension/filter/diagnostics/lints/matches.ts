/** Parts of a filter that match every packet, or none, of a link type. */
import { REJECTS_ALL, type LinkType } from '../../libpcap/compile.ts';
import { matchesEveryPacket } from '../../libpcap/verdict.ts';
import type { CompileCache } from '../compile-cache.ts';
import { operandsOf, type LogicTree } from '../logic-tree.ts';

/** `refused`: libpcap has no code for it on this link type. */
export type Matches = 'all' | 'none' | 'some' | 'refused';

export function matchesOf(source: string, link: LinkType, cache: CompileCache): Matches {
  const result = cache.compile(source, link);
  if (result === undefined) return 'some';
  if (result.ok) return matchesEveryPacket(result.instructions) ? 'all' : 'some';
  return result.message === REJECTS_ALL ? 'none' : 'refused';
}

/** Within a part that is constant on a link type, the smallest part that explains it: a part, or two of its operands. */
export function reasonFor(tree: LogicTree, link: LinkType, cache: CompileCache): LogicTree[] {
  const state = (part: LogicTree) => matchesOf(part.source, link, cache);
  switch (tree.kind) {
    case 'term':
      return [tree];
    case 'group':
    case 'not': {
      const inner = state(tree.inner);
      return inner === 'all' || inner === 'none' ? reasonFor(tree.inner, link, cache) : [tree];
    }
    case 'and':
    case 'or': {
      const deciding = tree.kind === 'and' ? 'none' : 'all';
      const operands = operandsOf(tree, tree.kind);
      const alone = operands.find((part) => state(part) === deciding);
      if (alone !== undefined) return reasonFor(alone, link, cache);
      for (const [index, later] of operands.entries())
        for (const earlier of operands.slice(0, index))
          if (matchesOf(`(${earlier.source}) ${tree.kind} (${later.source})`, link, cache) === deciding)
            return [earlier, later];
      return [tree];
    }
  }
}
