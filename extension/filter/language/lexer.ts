/**
 * The filter language for editors. A text that may be unfinished and an offset come in; completions, a hover, hints
 * or the text in canonical form go out. libpcap is not asked. Read this file first, then position.ts; words/ is the
 * vocabulary.
 *
 * Tokens as libpcap's scanner.l reads them: the longest match wins, of equal ones the earlier rule.
 */
import { wordOf } from './words/vocabulary.ts';
import type { Word } from './words/word.ts';

export type TokenKind =
  /** A word of the language (`word` is set). */
  | 'word'
  /** A name of a service, protocol or host. */
  | 'name'
  /** A name behind a backslash. */
  | 'escaped'
  | 'number'
  | 'ipv4'
  | 'ipv6'
  /** A MAC address. */
  | 'mac'
  /** `$` and one byte, an ARCnet address. */
  | 'arcnet'
  /** Operators and punctuation. */
  | 'symbol'
  | 'comment'
  /** No filter has it. */
  | 'bad';

export interface Token {
  kind: TokenKind;
  text: string;
  /** UTF-16 code units from the start of the filter. */
  start: number;
  end: number;
  word?: Word;
}

const number = '(?:0[xX][0-9A-Fa-f]+|[0-9]+)';
const group = '[0-9A-Fa-f]{1,4}';
const byte = '[0-9A-Fa-f]{1,2}';

/** All forms of an IPv6 address, those of most groups first: two forms never end at different places then. */
function ipv6Forms(): string {
  const tails = [
    { text: `${number}(?:\\.${number}){3}`, groups: 2 },
    { text: '', groups: 0 },
  ];
  const repeat = (count: number) => Array<string>(count).fill(group).join(':');
  const forms: { text: string; groups: number }[] = [];
  for (const tail of tails) {
    const full = 8 - tail.groups;
    forms.push({ text: repeat(full) + (tail.text && `:${tail.text}`), groups: 9 });
    for (let left = 0; left < full; left++) {
      for (let right = 0; left + right < full; right++) {
        const after = [repeat(right), tail.text].filter((part) => part !== '').join(':');
        forms.push({ text: `${repeat(left)}::${after}`, groups: left + right + tail.groups });
      }
    }
  }
  return forms
    .sort((a, b) => b.groups - a.groups)
    .map(({ text }) => text)
    .join('|');
}

const macForms = [
  `${byte}(?::${byte}){5}`,
  `${byte}(?:-${byte}){5}`,
  `${byte}(?:\\.${byte}){5}`,
  '[0-9A-Fa-f]{4}(?:\\.[0-9A-Fa-f]{4}){2}',
  '[0-9A-Fa-f]{12}',
].join('|');

const rules: readonly [TokenKind, RegExp][] = [
  ['symbol', /&&|\|\||>=|<=|!=|==|<<|>>|[+\-*/%:[\]!<>()&|^=]/y],
  ['arcnet', /\$[0-9A-Fa-f]{1,2}/y],
  ['mac', new RegExp(macForms, 'y')],
  ['number', new RegExp(number, 'y')],
  ['ipv4', new RegExp(`${number}(?:\\.${number}){1,3}`, 'y')],
  ['ipv6', new RegExp(ipv6Forms(), 'y')],
  ['mac', new RegExp(`${byte}:+(?:${byte}:+)+`, 'y')], // a bogus one, to libpcap too
  ['name', /[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/y],
  ['escaped', /\\[^ !()\n\t]+/y],
];

const space = /[ \r\n\t]+/y;
const comment = /#[^\n]*/y;

/** @param comments from `#` to the end of the line, as in files for tcpdump -F */
export function tokenize(text: string, options: { comments: boolean } = { comments: false }): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const blank = matchAt(space, text, at);
    if (blank > 0) {
      at += blank;
      continue;
    }
    const token = nextToken(text, at, options.comments);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function nextToken(text: string, start: number, comments: boolean): Token {
  const make = (kind: TokenKind, length: number): Token => {
    return { kind, text: text.slice(start, start + length), start, end: start + length };
  };
  const commented = comments ? matchAt(comment, text, start) : 0;
  if (commented > 0) return make('comment', commented);
  let best = make('bad', 1);
  let longest = 0;
  for (const [kind, pattern] of rules) {
    const length = matchAt(pattern, text, start);
    if (length > longest) {
      longest = length;
      best = make(kind, length);
    }
  }
  const word = wordOf(best.text);
  // Words come first in the scanner.
  return word === undefined ? best : { ...best, kind: 'word', word };
}

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** A filter file's text with its comments blanked out: the filter, at the same offsets. */
export function withoutComments(text: string): string {
  return text.replace(/#[^\n]*/g, (found) => ' '.repeat(found.length));
}

/** The value of a number token, of a name that stands for a number, or undefined. */
export function numberOf(token: Token): number | undefined {
  if (token.word?.number !== undefined) return token.word.number;
  if (token.kind !== 'number') return undefined;
  const { text } = token;
  const octal = /^0[0-9]+$/.test(text);
  const value = octal ? (/^[0-7]+$/.test(text) ? parseInt(text, 8) : NaN) : Number(text);
  return Number.isFinite(value) && value <= 0xffffffff ? value : undefined;
}
