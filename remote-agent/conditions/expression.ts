/** The user's expressions on this machine's kernel. */
import { AgentFailure } from '../../common/errors.ts';
import type { DirectReads } from '../../common/bpf/direct-reads.ts';
import type { Instruction } from '../../common/bpf/ebpf.ts';
import { ExpressionCompiler, SKB } from '../../common/expression/compile.ts';
import { ExpressionFault } from '../../common/expression/fault.ts';
import { faultText } from '../../common/expression/fault-text.ts';
import { readVmlinuxBtf } from '../btf/kernel-btf.ts';

/**
 * A function of the skb that keeps packets; undefined: there is no expression.
 * @param directReads what findDirectReads gave for this kernel
 * @throws AgentFailure: `bad-condition`, saying where the expression is wrong, or `no-btf`
 */
export function compileSkbExpression(
  text: string | undefined,
  directReads: DirectReads | undefined,
): Instruction[] | undefined {
  if (text === undefined) return undefined;
  const compiler = new ExpressionCompiler(readVmlinuxBtf(), directReads);
  try {
    return compiler.condition(text, SKB);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const option = '--filter-skb-expr, "skbExpression"';
    throw new AgentFailure('bad-condition', faultText(option, text, error), error.remedy);
  }
}
