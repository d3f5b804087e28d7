/** The text of an expression as tokens (ISO C 6.4). */
import { ExpressionFault, type Range } from './fault.ts';

export type Token =
  | { kind: 'number'; value: bigint; type: LiteralType; range: Range }
  | { kind: 'word'; text: string; range: Range }
  | { kind: 'symbol'; text: string; range: Range }
  | { kind: 'end'; range: Range };

export type LiteralType = 'int' | 'unsigned int' | 'long' | 'unsigned long';

/** Longest first. */
const SYMBOLS = [
  ...['->', '<<', '>>', '<=', '>=', '==', '!=', '&&', '||'],
  ...'()[].+-*/%&|^~!<>?:'.split(''),
];
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** @throws ExpressionFault */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const [space] = /^\s+/.exec(rest) ?? [];
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = tokenAt(rest, at);
    found.push(token);
    at = token.range.end;
  }
  found.push({ kind: 'end', range: { start: text.length, end: text.length } });
  return found;
}

function tokenAt(rest: string, start: number): Token {
  const range = (length: number) => ({ start, end: start + length });
  const [word] = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest) ?? [];
  if (word !== undefined) return { kind: 'word', text: word, range: range(word.length) };
  const [number] = /^[0-9][0-9A-Za-z_.]*/.exec(rest) ?? [];
  if (number !== undefined) return { kind: 'number', ...literal(number, range(number.length)) };
  if (rest.startsWith("'")) {
    const [whole, escaped, plain] = /^'(?:\\(.)|([^'\\]))'/.exec(rest) ?? [];
    const character = escaped === undefined ? plain : ESCAPES[escaped];
    if (whole === undefined || character === undefined || character.charCodeAt(0) > 0x7f)
      throw new ExpressionFault('a character constant is one ASCII character between quotes', range(1));
    return {
      kind: 'number',
      value: BigInt(character.charCodeAt(0)),
      type: 'int',
      range: range(whole.length),
    };
  }
  if (/^=(?!=)/.test(rest))
    throw new ExpressionFault('an expression assigns nothing', range(1), 'Compare with "==".');
  const symbol = SYMBOLS.find((candidate) => rest.startsWith(candidate));
  if (symbol === undefined)
    throw new ExpressionFault(`"${rest.charAt(0)}" has no meaning in an expression`, range(1));
  return { kind: 'symbol', text: symbol, range: range(symbol.length) };
}

/** Of integer constants the first type that can hold the value (ISO C 6.4.4.1). */
function literal(text: string, range: Range): { value: bigint; type: LiteralType; range: Range } {
  const [, digits = '', suffix = ''] = /^(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)$/.exec(text) ?? [];
  const isOctal = /^0[0-9]/.test(digits);
  if (digits === '' || !/^(?:u?l{0,2}|l{1,2}u)$/i.test(suffix) || (isOctal && /[89]/.test(digits)))
    throw new ExpressionFault(
      `"${text}" is no number`,
      range,
      'Numbers are whole ones: 10, 0x0a, 012 (octal), with U or L behind them or without.',
    );
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  const isDecimal = !digits.startsWith('0');
  const isUnsigned = /u/i.test(suffix);
  const isLong = /l/i.test(suffix);
  const holds: [LiteralType, number, boolean][] = [
    ['int', 31, !isUnsigned && !isLong],
    ['unsigned int', 32, !isLong && (isUnsigned || !isDecimal)],
    ['long', 63, !isUnsigned],
    ['unsigned long', 64, isUnsigned || !isDecimal],
  ];
  const type = holds.find(([, bits, possible]) => possible && value < 1n << BigInt(bits))?.[0];
  if (type === undefined) throw new ExpressionFault(`${text} does not fit into 64 bits`, range);
  return { value, type, range };
}
