/** Canonical spacing and line breaks; the tokens, and so the compiled program, stay what they are. */
import { tokenize, type Token } from './lexer.ts';
import { logicalOf } from './position.ts';

const LINE_WIDTH = 100;
const INDENT = '  ';

/** A filter on one line, or, when it is long, one test a line. Comments stay where they are. */
export function formatFilter(text: string): string {
  const formatted = layOut(tokenize(text, { comments: true }));
  // Never change what a filter means: a text that reads differently is left alone.
  return sameTokens(text, formatted) ? formatted : text;
}

function sameTokens(one: string, other: string): boolean {
  const texts = (text: string) => tokenize(text, { comments: true }).map((token) => token.text.trimEnd());
  return texts(one).join('\n') === texts(other).join('\n');
}

function layOut(tokens: readonly Token[]): string {
  const first = tokens.findIndex(({ kind }) => kind !== 'comment');
  const leading = first < 0 ? tokens : tokens.slice(0, first);
  const rest = first < 0 ? [] : tokens.slice(first);
  const comments = leading.map(({ text }) => text.trimEnd());
  const body = rest.some(({ kind }) => kind === 'comment') ? keepLines(rest) : breakLines(rest, '');
  return [...comments, ...body].join('\n') + (tokens.length > 0 ? '\n' : '');
}

/** With comments in between, lines end where the comments do. */
function keepLines(tokens: readonly Token[]): string[] {
  const lines: Token[][] = [[]];
  for (const token of tokens) {
    lines.at(-1)?.push(token);
    if (token.kind === 'comment') lines.push([]);
  }
  return lines.filter((line) => line.length > 0).map((line) => flat(line).trimEnd());
}

function breakLines(tokens: readonly Token[], indent: string): string[] {
  const line = indent + flat(tokens);
  if (line.length <= LINE_WIDTH) return tokens.length === 0 ? [] : [line];
  const lines: string[] = [];
  for (const part of partsOf(tokens)) {
    const text = flat(part);
    const last = lines.at(-1);
    // Long lists of addresses and ports fill their lines.
    if (last !== undefined && part.length <= 2 && `${last} ${text}`.length <= LINE_WIDTH) {
      lines[lines.length - 1] = `${last} ${text}`;
    } else if (indent.length + text.length <= LINE_WIDTH || !isGroup(part)) {
      lines.push(indent + text);
    } else {
      const open = part.findIndex((token) => token.text === '(');
      lines.push(indent + flat(part.slice(0, open + 1)));
      lines.push(...breakLines(part.slice(open + 1, -1), indent + INDENT));
      lines.push(`${indent})`);
    }
  }
  return lines;
}

/** Tests with the `and` or `or` before them. */
function partsOf(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  tokens.forEach((token, index) => {
    if (depth === 0 && joins(tokens, index)) parts.push([]);
    if (token.text === '(' || token.text === '[') depth++;
    if (token.text === ')' || token.text === ']') depth--;
    parts.at(-1)?.push(token);
  });
  return parts.filter((part) => part.length > 0);
}

function joins(tokens: readonly Token[], index: number): boolean {
  const logic = logicalOf(tokens[index]!);
  const pair = tokens[index - 1]?.word?.kind === 'direction' && tokens[index + 1]?.word?.kind === 'direction';
  return (logic === 'and' || logic === 'or') && !pair;
}

/** Ends with the parenthesis that the first one of it opens. */
function isGroup(part: readonly Token[]): boolean {
  const open = part.findIndex((token) => token.text === '(');
  if (open < 0 || part.at(-1)?.text !== ')') return false;
  let depth = 0;
  for (const [index, { text }] of part.entries()) {
    if (text === '(') depth++;
    if (text === ')' && --depth === 0) return index === part.length - 1;
  }
  return false;
}

function flat(tokens: readonly Token[]): string {
  return tokens
    .map((token, index) => {
      const previous = tokens[index - 1];
      const space = previous !== undefined && spaced(previous, token, tokens[index - 2]);
      return (space ? ' ' : '') + token.text;
    })
    .join('');
}

const open = ['(', '['];
const tight = [')', ']', ':', '/'];

function spaced(left: Token, right: Token, beforeLeft: Token | undefined): boolean {
  if (right.kind === 'comment') return true;
  if (right.kind !== 'symbol' && left.kind !== 'symbol') return true;
  if (right.text === '[') return left.word?.kind !== 'protocol';
  if (left.text === '/' || right.text === '/') return !isAddress(left.text === '/' ? beforeLeft : left);
  if (open.includes(left.text) || left.text === '!' || left.text === ':') return false;
  if (left.text === '-' && isSign(beforeLeft)) return false;
  return !tight.includes(right.text);
}

/** 10.0.0.0/8, and not a division. */
function isAddress(token: Token | undefined): boolean {
  return token?.kind === 'ipv4' || token?.kind === 'ipv6';
}

/** A minus after this is no subtraction. */
function isSign(before: Token | undefined): boolean {
  if (before === undefined || logicalOf(before) !== undefined) return true;
  return before.kind === 'symbol' && !tight.includes(before.text);
}
