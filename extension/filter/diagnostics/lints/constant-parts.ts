/** Filters, and terms of them, that match every packet or none; on one link type or on both. */
import { REJECTS_ALL, type CompileResult } from '../../libpcap/compile.ts';
import type { TextRange } from '../../libpcap/syntax.ts';
import type { CompileCache } from '../compile-cache.ts';
import { replaced } from '../edits.ts';
import { joinedParts, type Joined, type LogicTree } from '../logic-tree.ts';
import { movesOffsets, swapped } from './encapsulation.ts';
import type { Lint } from './lint.ts';
import { matchesOf, reasonFor } from './matches.ts';

/** Of a filter that no packet can match: the terms that exclude each other, and `or` in place of their `and`. */
export function contradiction(text: string, tree: LogicTree, message: string, cache: CompileCache): Lint {
  const reason = reasonFor(tree, 'EN10MB', cache);
  return {
    ...around(reason),
    severity: 'error',
    code: 'contradiction',
    message: `${message}. ${excludes(text, reason)}`,
    repairs: alternatives(text, tree, reason),
  };
}

/** `or` in place of `and`, or the other order where the second term moves the offsets of what follows. */
function alternatives(text: string, tree: LogicTree, reason: readonly LogicTree[]): string[] {
  return joinedParts(tree).flatMap((part) => {
    if (part.kind !== 'and' || part.right !== reason[1]) return [];
    const behind = movesOffsets(part.right) ? [swapped(text, part)] : [];
    return [...behind, replaced(text, part.operator, 'or')];
  });
}

function excludes(text: string, [first, second]: readonly LogicTree[]): string {
  if (first === undefined) return '';
  if (second === undefined) return `No packet matches "${text.slice(first.start, first.end)}".`;
  if (movesOffsets(second))
    return `What stands before "${text.slice(second.start, second.end)}" looks at packets without its header: put it first.`;
  return `No packet matches both "${text.slice(first.start, first.end)}" and "${text.slice(second.start, second.end)}".`;
}

function around(parts: readonly TextRange[]): TextRange {
  return { start: parts[0]?.start ?? 0, end: parts.at(-1)?.end ?? 0 };
}

/** Warnings about a filter that at least one kind of packet can match. */
export function constants(
  text: string,
  tree: LogicTree,
  { l2, l3 }: { l2: CompileResult; l3: CompileResult },
  cache: CompileCache,
): Lint[] {
  const found: Lint[] = [];
  const say = (range: TextRange, severity: 'warning' | 'information', code: string, message: string) =>
    found.push({ start: range.start, end: range.end, severity, code, message });
  const [inEthernet, inRaw] = [matchesOf(text, 'EN10MB', cache), matchesOf(text, 'RAW', cache)];
  const why = (link: 'EN10MB' | 'RAW') => around(reasonFor(tree, link, cache));
  const refused = l3.ok ? l2 : l3;
  if (!refused.ok) {
    const [link, without] = l3.ok ? (['EN10MB', 'with'] as const) : (['RAW', 'without'] as const);
    const range = inRaw === 'none' || inEthernet === 'none' ? why(link) : (refused.range ?? tree);
    say(
      range,
      'warning',
      'never-on-link-type',
      `Packets ${without} a link-layer header never match${refused.message === REJECTS_ALL ? '' : `: ${refused.message}`}.`,
    );
  } else if (inEthernet === 'all' && inRaw === 'all') {
    say(why('EN10MB'), 'warning', 'always', 'Every packet matches.');
  } else if (inRaw === 'all') {
    say(
      why('RAW'),
      'warning',
      'always-on-link-type',
      'Every packet without a link-layer header matches, whatever it is.',
    );
  } else if (inEthernet === 'all') {
    say(
      why('EN10MB'),
      'warning',
      'always-on-link-type',
      'Every packet with a link-layer header matches, whatever it is.',
    );
  } else {
    for (const part of joinedParts(tree)) idle(part);
  }
  return found;

  /** An operand that decides nothing. */
  function idle(part: Joined): void {
    for (const operand of [part.left, part.right]) {
      if (operand.kind === part.kind) continue;
      const [l2Match, l3Match] = [
        matchesOf(operand.source, 'EN10MB', cache),
        matchesOf(operand.source, 'RAW', cache),
      ];
      if (l2Match === l3Match && (l2Match === 'none' || l2Match === 'all'))
        say(
          operand,
          'warning',
          l2Match === 'none' ? 'never' : 'always',
          `${l2Match === 'none' ? 'No' : 'Every'} packet matches this part.`,
        );
      else if (part.kind === 'or' && operand.kind === 'term' && l3Match === 'none')
        say(
          operand,
          'information',
          'never-on-link-type',
          'Never true of a packet that has no link-layer header, or not yet.',
        );
    }
  }
}
