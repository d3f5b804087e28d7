/**
 * Expressions of C about a variable of the kernel, `skb->dev->ifindex == 2`, as eBPF. The text and the kernel's type
 * information come in, the body of a function goes out. Read this file first, then the way of a text: lexer.ts,
 * parser.ts, typing.ts (with kernel-types.ts), generate.ts.
 *
 * C's rules hold, with three exceptions. Where memory cannot be read, where a pointer is null and where something is
 * divided by 0, the whole expression is 0. Members of the kernel's big-endian types (__be16, …) have the numbers that
 * they mean, so that `skb->protocol == 0x0800` is IP: pwru has it so. And there is nothing that changes memory.
 */
import type { Btf } from '../btf/btf.ts';
import type { DirectReads } from '../bpf/direct-reads.ts';
import type { Instruction } from '../bpf/ebpf.ts';
import { ExpressionFault } from './fault.ts';
import { generate, TooDeep } from './generate.ts';
import { KernelTypes } from './kernel-types.ts';
import { parseExpression, type Syntax } from './parser.ts';
import type { Value } from './typed.ts';
import { type Root, Typing } from './typing.ts';
import { type CType, INT } from './types.ts';

/** The variable: its name, and the structure that it is a pointer to. */
export interface Variable {
  name: string;
  structure: string;
}

export const SKB: Variable = { name: 'skb', structure: 'sk_buff' };
export const XDP: Variable = { name: 'xdp', structure: 'xdp_buff' };

export interface Compiled {
  /** A function of one argument, the variable; see generate. */
  code: Instruction[];
  /** Of what it returns. */
  type: CType;
}

export class ExpressionCompiler {
  readonly types: KernelTypes;

  /** @param direct how programs of the kernel read without calls */
  constructor(
    btf: Btf,
    private readonly direct: DirectReads | undefined,
  ) {
    this.types = new KernelTypes(btf);
  }

  /** A function that returns the value. @throws ExpressionFault */
  value(text: string, variable: Variable): Compiled {
    const value = this.#typed(text, variable);
    return { code: this.#generate(text, value), type: value.type };
  }

  /** A function that returns 1 where the value is not 0, else 0. @throws ExpressionFault */
  condition(text: string, variable: Variable): Instruction[] {
    const value = this.#typed(text, variable);
    const right: Value = { op: 'constant', value: 0n, type: value.type };
    return this.#generate(text, {
      op: 'compare',
      operator: '!=',
      left: value,
      right,
      signed: false,
      type: INT,
    });
  }

  /** Of a whole expression, which may be a structure. @throws ExpressionFault */
  type(text: string, variable: Variable): CType {
    const { typing, syntax } = this.#parsed(text, variable);
    return typing.type(syntax);
  }

  #typed(text: string, variable: Variable): Value {
    const { typing, syntax } = this.#parsed(text, variable);
    return typing.value(syntax);
  }

  #parsed(text: string, { name, structure }: Variable): { typing: Typing; syntax: Syntax } {
    const type = this.types.tagged('struct', structure);
    if (type === undefined) throw new ExpressionFault(`this kernel has no struct ${structure}`, whole(text));
    const root: Root = { name, type: { kind: 'pointer', to: type } };
    const syntax = parseExpression(text, (word) => word !== name && this.types.typedef(word) !== undefined);
    return { typing: new Typing(this.types, root), syntax };
  }

  #generate(text: string, value: Value): Instruction[] {
    try {
      return generate(value, this.direct);
    } catch (error) {
      if (!(error instanceof TooDeep)) throw error;
      throw new ExpressionFault('this is nested too deeply', whole(text), 'Write it with fewer parentheses.');
    }
  }
}

function whole(text: string) {
  return { start: 0, end: text.length };
}
