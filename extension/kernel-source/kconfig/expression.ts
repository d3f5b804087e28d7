import { ANY, BOOL, both, either, negation, Value, type ValueSet } from './value-set.ts';

const TOKEN = /\|\||&&|[!<>]?=|[!<>()]|"[^"]*"|[^\s!<>=()|&"]+/g;
const COMPARISON = /^(?:[!<>]?=|[<>])$/;

const CONSTANTS: Readonly<Record<string, ValueSet>> = { n: Value.N, m: Value.M, y: Value.Y };

/** Stands in for a call of the shell or the compiler in an expression. */
export const UNKNOWN = '?';

/** The values that an expression of the Kconfig language may have (Documentation/kbuild/kconfig-language.rst). */
export function evaluate(text: string, valueOf: (option: string) => ValueSet): ValueSet {
  return new Evaluator(text.match(TOKEN) ?? [], valueOf).either();
}

class Evaluator {
  private at = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly valueOf: (option: string) => ValueSet,
  ) {}

  either(): ValueSet {
    let result = this.both();
    while (this.take('||')) result = either(result, this.both());
    return result;
  }

  private both(): ValueSet {
    let result = this.comparison();
    while (this.take('&&')) result = both(result, this.comparison());
    return result;
  }

  private comparison(): ValueSet {
    if (this.take('!')) return negation(this.comparison());
    if (this.take('(')) {
      const value = this.either();
      this.take(')');
      return value;
    }
    const left = this.next();
    const operator = this.tokens[this.at] ?? '';
    if (!COMPARISON.test(operator)) return this.operand(left);
    this.at++;
    const right = this.next();
    if (operator === '=') return this.equal(left, right);
    return operator === '!=' ? negation(this.equal(left, right)) : BOOL;
  }

  private equal(left: string, right: string): ValueSet {
    if (left.startsWith('"') && right.startsWith('"')) return left === right ? Value.Y : Value.N;
    const [a, b] = [this.operand(left), this.operand(right)];
    if ((a & b) === 0) return Value.N;
    const isOne = a === b && (a & (a - 1)) === 0;
    return isOne ? Value.Y : BOOL;
  }

  private operand(token: string): ValueSet {
    const constant = CONSTANTS[token.replaceAll('"', '')];
    if (constant !== undefined) return constant;
    if (token === UNKNOWN) return BOOL;
    return /^[A-Z_]\w*$|^\d+[A-Z]\w*$/.test(token) ? this.valueOf(token) : ANY;
  }

  private next(): string {
    return this.tokens[this.at++] ?? UNKNOWN;
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }
}
