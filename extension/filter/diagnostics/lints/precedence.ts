/** Where `and`, `or` and `not` bind otherwise than most languages, or than most people, expect. */
import { replaced } from '../edits.ts';
import { joinedParts, operandsOf, type Joined, type LogicTree } from '../logic-tree.ts';
import type { Lint } from './lint.ts';

export function precedence(text: string, tree: LogicTree): Lint[] {
  const joined = joinedParts(tree);
  return [mixed(text, joined), negation(text, joined), transport(text, joined)]
    .filter((found) => found !== undefined)
    .map((found) => ({ ...found, severity: 'warning', ambiguous: true }));
}

type Precedence = Omit<Lint, 'severity'>;

/** `a or b and c` is `(a or b) and c` here. */
function mixed(text: string, joined: readonly Joined[]): Precedence | undefined {
  const part = joined.find(({ kind, left }) => kind === 'and' && left.kind === 'or');
  if (part?.left.kind !== 'or') return undefined;
  const { left, right } = part;
  const both = { start: left.right.start, end: right.end };
  return {
    start: left.start,
    end: right.end,
    code: 'precedence',
    message: `"and" and "or" bind equally and from the left: this means "(${shown(text, left)}) and ${shown(text, right)}". Parentheses make it clear.`,
    repairs: [left, both].map((range) => replaced(text, range, `(${text.slice(range.start, range.end)})`)),
  };
}

/** `not a or b`: not of `a` alone. */
function negation(text: string, joined: readonly Joined[]): Precedence | undefined {
  for (const part of joined) {
    if (part.kind !== 'or') continue;
    const [first, ...others] = operandsOf(part, 'or');
    if (first?.kind !== 'not' || first.inner.kind === 'group') continue;
    const negated = others.filter(({ kind }) => kind === 'not');
    if (negated.length === others.length) {
      return {
        start: part.start,
        end: part.end,
        code: 'negation',
        message: 'A packet that is only one of these matches as well; "and" may be meant where it has "or".',
        repairs: [replaced(text, part.operator, 'and')],
      };
    }
    if (negated.length > 0) continue;
    const operands = { start: first.inner.start, end: part.end };
    return {
      start: first.start,
      end: part.end,
      code: 'negation',
      message: `"not" applies to "${shown(text, first.inner)}" alone. Parentheses make it clear.`,
      repairs: [operands, first].map((range) =>
        replaced(text, range, `(${text.slice(range.start, range.end)})`),
      ),
    };
  }
  return undefined;
}

/** `tcp or udp port 53`: all of tcp. */
function transport(text: string, joined: readonly Joined[]): Precedence | undefined {
  const part = joined.find(
    ({ kind, left, right }) =>
      kind === 'or' &&
      /^(?:tcp|udp|sctp)$/.test(left.source) &&
      /^(?:tcp|udp|sctp)\s+.*\bport(?:range)?\b/.test(right.source),
  );
  if (part === undefined) return undefined;
  const [, protocol = '', port = ''] =
    /^(\w+)\s+(.*)$/s.exec(text.slice(part.right.start, part.right.end)) ?? [];
  return {
    start: part.left.start,
    end: part.right.end,
    code: 'qualifier-reach',
    message: `All of ${part.left.source} matches: "${port}" belongs to ${protocol} alone.`,
    repairs: [replaced(text, part, `${part.left.source} ${port} or ${protocol} ${port}`)],
  };
}

function shown(text: string, { start, end }: { start: number; end: number }): string {
  return text.slice(start, end);
}
