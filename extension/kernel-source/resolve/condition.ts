import { Value, type ValueSet } from '../kconfig/value-set.ts';
import type { Knowledge } from './assumptions.ts';
import type { KernelConfig } from './kernel-config.ts';

type Truth = boolean | undefined;

/** What code is compiled for. */
export interface Compilation {
  config: KernelConfig;
  /** What is assumed of options that are not known. */
  knowledge: Knowledge;
  /** Kernel module, or `vmlinux`; empty when not known. */
  module: string;
}

/** Whether code under `#if` conditions is compiled. @returns undefined where that is not known */
export function isCompiled(condition: string, compilation: Compilation): Truth {
  return condition === '' ? true : new Evaluator(condition, compilation).value();
}

const TOKEN = /\s*(&&|\|\||[!=<>]=|[()!<>,]|"[^"]*"|\w+|.)/g;

/** Macros that are set, or not, in all kernel code. */
const BUILTIN: Record<string, boolean> = {
  __KERNEL__: true,
  __ASSEMBLY__: false,
  __ASSEMBLER__: false,
  __GENKSYMS__: false,
  __CHECKER__: false,
  __BIG_ENDIAN: false,
  __BIG_ENDIAN_BITFIELD: false,
  __LITTLE_ENDIAN: true,
  __LITTLE_ENDIAN_BITFIELD: true,
  __cplusplus: false,
};

/** Three-valued logic over the expressions of `#if`. */
class Evaluator {
  private readonly tokens: string[];
  private at = 0;

  constructor(
    text: string,
    private readonly compilation: Compilation,
  ) {
    this.tokens = [...text.matchAll(TOKEN)].map(([, token = '']) => token);
  }

  value(): Truth {
    return this.or();
  }

  private or(): Truth {
    let result = this.and();
    while (this.take('||')) {
      const right = this.and();
      result =
        result === true || right === true ? true : result === false && right === false ? false : undefined;
    }
    return result;
  }

  private and(): Truth {
    let result = this.comparison();
    while (this.take('&&')) {
      const right = this.comparison();
      result =
        result === false || right === false ? false : result === true && right === true ? true : undefined;
    }
    return result;
  }

  /** Comparisons of numbers are not followed, but for the word size. */
  private comparison(): Truth {
    const left = this.tokens[this.at];
    const result = this.unary();
    const operator = this.tokens[this.at];
    if (operator === undefined || !/^(?:[=!<>]=|[<>])$/.test(operator)) return result;
    this.at++;
    const right = this.tokens[this.at];
    this.unary();
    if (left !== 'BITS_PER_LONG') return undefined;
    const is64 = truth(this.possible('64BIT'), Value.Y);
    if (is64 === undefined) return undefined;
    return operator === '==' ? right === (is64 ? '64' : '32') : undefined;
  }

  private unary(): Truth {
    if (this.take('!')) {
      const value = this.unary();
      return value === undefined ? undefined : !value;
    }
    if (this.take('(')) {
      const value = this.or();
      this.take(')');
      return value;
    }
    const word = this.tokens[this.at++] ?? '';
    if (/^\d/.test(word)) return Number.parseInt(word) !== 0;
    if (word === 'defined') {
      const parenthesized = this.take('(');
      const name = this.tokens[this.at++] ?? '';
      if (parenthesized) this.take(')');
      return this.isDefined(name);
    }
    if (!this.take('(')) return word.startsWith('CONFIG_') ? this.isDefined(word) : undefined;
    const option = this.tokens[this.at] ?? '';
    this.skipArguments();
    return option.startsWith('CONFIG_') ? this.isEnabled(word, option) : undefined;
  }

  private isDefined(name: string): Truth {
    if (name === 'MODULE') return this.isModule();
    if (!name.startsWith('CONFIG_')) return BUILTIN[name];
    const option = name.slice('CONFIG_'.length);
    // Of an option built as a module, CONFIG_X_MODULE is defined.
    if (option.endsWith('_MODULE')) return truth(this.possible(option.slice(0, -'_MODULE'.length)), Value.M);
    return truth(this.possible(option), Value.Y);
  }

  private isEnabled(macro: string, name: string): Truth {
    const values = this.possible(name.slice('CONFIG_'.length));
    if (macro === 'IS_BUILTIN') return truth(values, Value.Y);
    if (macro === 'IS_MODULE') return truth(values, Value.M);
    return /^IS_(?:ENABLED|REACHABLE)$/.test(macro) ? truth(values, Value.M | Value.Y) : undefined;
  }

  private possible(option: string): ValueSet {
    const { config, knowledge } = this.compilation;
    return config.possible(option, knowledge);
  }

  private isModule(): Truth {
    const { module } = this.compilation;
    return module === '' ? undefined : module !== 'vmlinux';
  }

  /** Past the `)` of a call whose `(` was taken. */
  private skipArguments(): void {
    for (let depth = 1; depth > 0 && this.at < this.tokens.length; this.at++) {
      if (this.tokens[this.at] === '(') depth++;
      else if (this.tokens[this.at] === ')') depth--;
    }
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }
}

/** Whether the value is one of those wanted. */
function truth(possible: ValueSet, wanted: ValueSet): Truth {
  if ((possible & wanted) === 0) return false;
  return (possible & ~wanted) === 0 ? true : undefined;
}
