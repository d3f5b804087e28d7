/** Where libpcap's message belongs. libpcap itself says only what is wrong. */
import { span, tokensOf, type Syntax, type SyntaxNode, type TextRange } from './syntax.ts';

/**
 * The token that the parser did not expect, or the part of the text that the failed rule is about.
 * @returns null where it is about the filter as a whole
 */
export function locateError(text: string, message: string, syntax: Syntax): TextRange | null {
  const { stack, reducing, next } = syntax;
  if (reducing < 0) return next.start < text.length ? unexpected(stack, next) : atEnd(text, stack);
  if (reducing === 0) return next.start < next.end ? next : null;
  const failed = stack.slice(-reducing);
  const range = span(failed);
  if (range === undefined || failed.some(({ symbol }) => symbol === 'expr' && failed.length === 2))
    return null;
  const tokens = tokensOf(failed);
  const named = tokens.find((token) => quotes(message, text.slice(token.start, token.end)));
  if (named !== undefined) return upToSpace(text, named);
  const number = tokens.findLast(({ symbol }) => symbol === 'NUM');
  if (number !== undefined && ABOUT_A_NUMBER.test(message)) return { start: number.start, end: number.end };
  // "'port' modifier applied to ip host" is about the qualifiers as well.
  const below = stack.at(-reducing - 1);
  return upToSpace(text, below?.symbol === 'head' ? { start: below.start, end: range.end } : range);
}

/** Messages that do not repeat the number that they refuse. */
const ABOUT_A_NUMBER =
  /mask length|greater than maximum|data size|by zero|more than 31 bits|too big|illegal port/;

/** "unknown port 'foo'" is about this word alone. */
function quotes(message: string, word: string): boolean {
  return [`'${word}'`, `"${word}"`, `: ${word}`, `address ${word}`].some((form) => message.includes(form));
}

/** Of "1:2:3:xx" the scanner takes a part for an address; what is glued to it belongs to the error. */
function upToSpace(text: string, { start, end }: TextRange): TextRange {
  return { start, end: end + (/^[\w:.]*/.exec(text.slice(end))?.[0].length ?? 0) };
}

/** Inside brackets the error may as well be that they are not closed. */
function unexpected(stack: readonly SyntaxNode[], next: TextRange): TextRange {
  const open = openBrackets(stack).at(-1);
  return open?.symbol === "'['" ? { start: open.start, end: next.end } : next;
}

/** Something is missing: after the last word, or the other half of a bracket. */
function atEnd(text: string, stack: readonly SyntaxNode[]): TextRange | null {
  const tokens = tokensOf(stack);
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (first === undefined || last === undefined) return null;
  const open = openBrackets(stack)[0];
  if (open === undefined) return { start: last.start, end: last.end };
  return open === first
    ? { start: open.start, end: open.end }
    : { start: open.start, end: text.trimEnd().length };
}

function openBrackets(stack: readonly SyntaxNode[]): SyntaxNode[] {
  const open: SyntaxNode[] = [];
  for (const token of tokensOf(stack)) {
    if (token.symbol === "'['" || token.symbol === "'('") open.push(token);
    if (token.symbol === "']'" || token.symbol === "')'") open.pop();
  }
  return open;
}
