/** The grammar of expressions, a part of C's (ISO C 6.5): no calls, no assignments, no declarations. */
import { ExpressionFault, type Range } from './fault.ts';
import { type LiteralType, type Token, tokens } from './lexer.ts';

export type UnaryOperator = '-' | '+' | '~' | '!' | '*' | '&';
export type BinaryOperator =
  ArithmeticOperator | '<<' | '>>' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^';

/** A type as it is written: `struct iphdr **` has two pointers. */
export interface TypeName {
  /** `struct`, `union`, `enum`, or undefined. */
  tag: string | undefined;
  /** The name, or the words of a basic type: `unsigned int`. */
  words: readonly string[];
  pointers: number;
  range: Range;
}

export type Syntax = { range: Range } & (
  | { op: 'number'; value: bigint; type: LiteralType }
  | { op: 'name'; name: string }
  | { op: 'member'; of: Syntax; name: string; nameRange: Range; arrow: boolean }
  | { op: 'index'; of: Syntax; index: Syntax }
  | { op: 'unary'; operator: UnaryOperator; of: Syntax }
  | { op: 'cast'; type: TypeName; of: Syntax }
  | { op: 'binary'; operator: BinaryOperator; left: Syntax; right: Syntax }
  | { op: 'conditional'; condition: Syntax; yes: Syntax; no: Syntax }
);

/** Loosest first; all group from the left. */
const PRECEDENCE: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const UNARY: readonly string[] = ['-', '+', '~', '!', '*', '&'] satisfies UnaryOperator[];
const TAGS = ['struct', 'union', 'enum'];
const BASIC = ['void', 'char', 'short', 'int', 'long', 'signed', 'unsigned', '_Bool', 'bool'];
const QUALIFIERS = ['const', 'volatile'];
/** Each level of parentheses and operators is a call here and in what comes after. */
const MAX_DEPTH = 100;

/**
 * @param isType whether a name is a type's; without that `(a)-1` could be a cast
 * @throws ExpressionFault
 */
export function parseExpression(text: string, isType: (name: string) => boolean): Syntax {
  return new Parser(tokens(text), isType).whole();
}

class Parser {
  #next = 0;
  #depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly isType: (name: string) => boolean,
  ) {}

  whole(): Syntax {
    if (this.#peek().kind === 'end') throw new ExpressionFault('the expression is empty', this.#peek().range);
    const syntax = this.#conditional();
    const { kind, range } = this.#peek();
    if (kind === 'end') return syntax;
    if (this.#isSymbol('(')) throw new ExpressionFault('functions cannot be called', range, NO_CALLS);
    throw new ExpressionFault('an operator is missing before this', range);
  }

  #conditional(): Syntax {
    const condition = this.#binary(0);
    if (!this.#take('?')) return condition;
    const yes = this.#conditional();
    this.#demand(':', '":" of "?"');
    const no = this.#conditional();
    return { op: 'conditional', condition, yes, no, range: span(condition, no) };
  }

  #binary(level: number): Syntax {
    const operators = PRECEDENCE[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find((symbol) => this.#isSymbol(symbol));
      if (operator === undefined) return left;
      this.#next++;
      const right = this.#binary(level + 1);
      left = { op: 'binary', operator, left, right, range: span(left, right) };
    }
  }

  #unary(): Syntax {
    const token = this.#peek();
    if (++this.#depth > MAX_DEPTH) throw new ExpressionFault('this is nested too deeply', token.range);
    try {
      if (token.kind === 'symbol' && UNARY.includes(token.text)) {
        this.#next++;
        const of = this.#unary();
        const operator = token.text as UnaryOperator;
        return { op: 'unary', operator, of, range: { start: token.range.start, end: of.range.end } };
      }
      if (this.#isSymbol('(') && this.#startsType(this.#next + 1)) {
        this.#next++;
        const type = this.#typeName();
        this.#demand(')', '")" behind the type');
        const of = this.#unary();
        return { op: 'cast', type, of, range: { start: token.range.start, end: of.range.end } };
      }
      return this.#postfix();
    } finally {
      this.#depth--;
    }
  }

  #postfix(): Syntax {
    let syntax = this.#primary();
    for (;;) {
      const arrow = this.#isSymbol('->');
      if (arrow || this.#isSymbol('.')) {
        this.#next++;
        const name = this.#peek();
        if (name.kind !== 'word') throw new ExpressionFault('here belongs the name of a member', name.range);
        this.#next++;
        const range = span(syntax, name);
        syntax = { op: 'member', of: syntax, name: name.text, nameRange: name.range, arrow, range };
      } else if (this.#take('[')) {
        const index = this.#conditional();
        const close = this.#demand(']', '"]"');
        syntax = { op: 'index', of: syntax, index, range: { start: syntax.range.start, end: close.end } };
      } else if (this.#isSymbol('(') && syntax.op === 'name')
        throw new ExpressionFault('functions cannot be called', syntax.range, NO_CALLS);
      else return syntax;
    }
  }

  #primary(): Syntax {
    const token = this.#peek();
    if (token.kind === 'number') {
      this.#next++;
      return { op: 'number', value: token.value, type: token.type, range: token.range };
    }
    if (token.kind === 'word') {
      this.#next++;
      return { op: 'name', name: token.text, range: token.range };
    }
    if (this.#take('(')) {
      const inside = this.#conditional();
      const close = this.#demand(')', '")"');
      return { ...inside, range: { start: token.range.start, end: close.end } };
    }
    throw new ExpressionFault('here belongs a value', token.range);
  }

  #startsType(index: number): boolean {
    const token = this.tokens[index];
    if (token?.kind !== 'word') return false;
    return [...TAGS, ...BASIC, ...QUALIFIERS].includes(token.text) || this.isType(token.text);
  }

  #typeName(): TypeName {
    const start = this.#peek().range.start;
    const words: string[] = [];
    let tag: string | undefined;
    let end = start;
    for (let token = this.#peek(); token.kind === 'word'; token = this.#peek()) {
      this.#next++;
      end = token.range.end;
      if (QUALIFIERS.includes(token.text)) continue;
      if (TAGS.includes(token.text) && tag === undefined && words.length === 0) tag = token.text;
      else words.push(token.text);
    }
    let pointers = 0;
    for (;;) {
      const token = this.#peek();
      if (this.#isSymbol('*')) pointers++;
      else if (token.kind !== 'word' || !QUALIFIERS.includes(token.text)) break;
      this.#next++;
      end = token.range.end;
    }
    return { tag, words, pointers, range: { start, end } };
  }

  #peek(): Token {
    return this.tokens[this.#next] ?? { kind: 'end', range: { start: 0, end: 0 } };
  }

  #isSymbol(symbol: string): boolean {
    const token = this.#peek();
    return token.kind === 'symbol' && token.text === symbol;
  }

  #take(symbol: string): boolean {
    const taken = this.#isSymbol(symbol);
    if (taken) this.#next++;
    return taken;
  }

  #demand(symbol: string, words: string): Range {
    const { range } = this.#peek();
    if (!this.#take(symbol)) throw new ExpressionFault(`${words} is missing here`, range);
    return range;
  }
}

const NO_CALLS =
  'Members of big-endian types (__be16, __be32) are read as the numbers that they mean: no ntohs() is needed.';

function span(from: { range: Range }, to: { range: Range }): Range {
  return { start: from.range.start, end: to.range.end };
}
