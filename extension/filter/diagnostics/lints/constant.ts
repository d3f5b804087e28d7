/** Filters, and terms of them, that match every packet or none; on one link type or on both. */
import { REJECTS_ALL, type CompileResult } from '../../libpcap/compile.ts';
import type { TextRange } from '../../libpcap/syntax.ts';
import { matchesOf, reasonFor } from './constancy.ts';
import type { FilterDiagnostic } from '../diagnostic.ts';
import { fix } from '../edits.ts';
import { movesOffsets, swapped } from './encapsulation.ts';
import { partsOf, type Outline } from '../logic-tree.ts';
import { replaced } from '../problem.ts';
import type { Trials } from '../compile-cache.ts';

/** Of a filter that no packet can match: the terms that exclude each other, and `or` in place of their `and`. */
export function contradiction(
  text: string,
  outline: Outline,
  message: string,
  trials: Trials,
): FilterDiagnostic {
  const reason = reasonFor(outline, 'EN10MB', trials);
  const repairs = alternatives(text, outline, reason).filter((repair) => trials.accepts(repair));
  return {
    ...around(reason),
    severity: 'error',
    code: 'contradiction',
    message: `${message}. ${excludes(text, reason)}`,
    fixes: repairs.map((repair, index) => fix(text, repair, index === 0)),
  };
}

/** `or` in place of `and`, or the other order where the second term moves the offsets of what follows. */
function alternatives(text: string, outline: Outline, reason: readonly Outline[]): string[] {
  return partsOf(outline).flatMap((part) => {
    if (part.kind !== 'and' || part.right !== reason[1]) return [];
    const behind = movesOffsets(part.right) ? [swapped(text, part)] : [];
    return [...behind, replaced(text, part.operator, 'or')];
  });
}

function excludes(text: string, [first, second]: readonly Outline[]): string {
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
  outline: Outline,
  { l2, l3 }: { l2: CompileResult; l3: CompileResult },
  trials: Trials,
): FilterDiagnostic[] {
  const found: FilterDiagnostic[] = [];
  const say = (range: TextRange, severity: 'warning' | 'information', code: string, message: string) =>
    found.push({ start: range.start, end: range.end, severity, code, message, fixes: [] });
  const [inEthernet, inRaw] = [matchesOf(text, 'EN10MB', trials), matchesOf(text, 'RAW', trials)];
  const why = (link: 'EN10MB' | 'RAW') => around(reasonFor(outline, link, trials));
  const refused = l3.ok ? l2 : l3;
  if (!refused.ok) {
    const [link, without] = l3.ok ? (['EN10MB', 'with'] as const) : (['RAW', 'without'] as const);
    const range = inRaw === 'none' || inEthernet === 'none' ? why(link) : (refused.range ?? outline);
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
    for (const part of partsOf(outline)) idle(part);
  }
  return found;

  /** An operand that decides nothing. */
  function idle(part: Outline): void {
    if (part.kind !== 'and' && part.kind !== 'or') return;
    for (const operand of [part.left, part.right]) {
      if (operand.kind === part.kind) continue;
      const [l2Match, l3Match] = [
        matchesOf(operand.source, 'EN10MB', trials),
        matchesOf(operand.source, 'RAW', trials),
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
