/** The user's choice of functions: a regular expression over whole names. */
import { AgentFailure } from '../../common/errors.ts';
import type { SkippedFunctions } from '../../common/protocol.ts';
import { fromRe2 } from './re2.ts';

const SUGGESTIONS = 5;

/** Tests whole names; it knows what the user wrote. */
class FunctionPattern extends RegExp {
  constructor(
    readonly text: string,
    source: string,
    flags: string,
  ) {
    super(`^(?:${source})$`, flags);
  }
}

/**
 * @param text as the user wrote it: RE2, as pwru's
 * @throws AgentFailure `bad-pattern`
 */
export function parsePattern(text: string): RegExp {
  try {
    const { source, flags } = fromRe2(text);
    new RegExp(source, flags); // alone first: what follows would balance a stray parenthesis
    return new FunctionPattern(text, source, flags);
  } catch (error) {
    throw new AgentFailure(
      'bad-pattern',
      `The function pattern is not a regular expression: ${(error as Error).message}`,
      'Write a function’s name, or an expression for whole names such as "ip_.*|tcp_v4_rcv".',
      { cause: error },
    );
  }
}

function written(pattern: RegExp): string {
  return pattern instanceof FunctionPattern ? pattern.text : pattern.source;
}

/**
 * No function with a packet has a name like the pattern.
 * @param skbNames names of the functions with a packet
 * @param otherMatches functions that match and take no packet
 */
export function noMatch(
  pattern: RegExp,
  skbNames: readonly string[],
  otherMatches: readonly string[],
): AgentFailure {
  const text = written(pattern);
  const message =
    otherMatches.length === 0
      ? `No kernel function matches "${text}".`
      : `No function that matches "${text}" takes a packet (struct sk_buff *): ${list(otherMatches)}.`;
  const near = nearestNames(text, skbNames, SUGGESTIONS);
  const remedy =
    near.length === 0
      ? 'The pattern is a regular expression for the whole name, such as "ip_.*".'
      : `Names like it: ${near.join(', ')}. The pattern is a regular expression for the whole name.`;
  return new AgentFailure('no-function', message, remedy);
}

/** The pattern matches functions with a packet, and none can be probed. */
export function nonePossible(pattern: RegExp | null, skipped: readonly SkippedFunctions[]): AgentFailure {
  const which = pattern === null ? 'of this kernel' : `that matches "${written(pattern)}"`;
  const reasons = skipped.map(({ reason, names }) => `${list(names)}: ${reason}`).join('; ');
  return new AgentFailure(
    'no-function',
    `No function ${which} can be probed. ${reasons}`,
    pattern === null ? '' : 'Choose other functions, such as a caller of it.',
  );
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, SUGGESTIONS).join(', ');
  return names.length > SUGGESTIONS ? `${shown} and ${names.length - SUGGESTIONS} more` : shown;
}

/** The names nearest to a text by edit distance, best first; none that differ in more than a third. */
export function nearestNames(text: string, names: readonly string[], count: number): string[] {
  // Of an expression the words are what a name can resemble.
  const word = text.replace(/[^A-Za-z0-9_]+/g, '');
  const limit = Math.max(1, Math.floor(word.length / 3));
  return [...new Set(names)]
    .map((name) => ({ name, distance: editDistance(word, name, limit) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}

/** Levenshtein's distance; anything above `limit` may come out as any number above it. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
