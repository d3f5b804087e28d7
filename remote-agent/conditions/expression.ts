/** The user's expressions on this machine's kernel. */
import { AgentFailure } from '../../common/errors.ts';
import type { DirectReads } from '../../common/bpf/direct-reads.ts';
import type { Instruction } from '../../common/bpf/ebpf.ts';
import { ExpressionCompiler, SKB, type Variable, XDP } from '../../common/expression/compile.ts';
import { ExpressionFault } from '../../common/expression/fault.ts';
import { faultText } from '../../common/expression/fault-text.ts';
import { readVmlinuxBtf } from '../btf/kernel-btf.ts';

/** The user's, by what they are about; undefined: there is none. */
export interface Expressions<T> {
  skb: T | undefined;
  xdp: T | undefined;
}

/**
 * Functions that keep packets.
 * @param directReads what findDirectReads gave for this kernel
 * @throws AgentFailure: `bad-condition`, saying where an expression is wrong, or `no-btf`
 */
export function compileExpressions(
  { skb, xdp }: Expressions<string>,
  directReads: DirectReads | undefined,
): Expressions<Instruction[]> {
  if (skb === undefined && xdp === undefined) return { skb, xdp };
  const compiler = new ExpressionCompiler(readVmlinuxBtf(), directReads);
  return {
    skb: skb === undefined ? skb : compile(compiler, skb, SKB, '--filter-skb-expr, "skbExpression"'),
    xdp: xdp === undefined ? xdp : compile(compiler, xdp, XDP, '--filter-xdp-expr, "xdpExpression"'),
  };
}

function compile(compiler: ExpressionCompiler, text: string, variable: Variable, option: string) {
  try {
    return compiler.condition(text, variable);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    throw new AgentFailure('bad-condition', faultText(option, text, error), error.remedy);
  }
}
