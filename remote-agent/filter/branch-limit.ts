import { AgentFailure } from '../errors.ts';
import { fallsThrough, jumpsTo, type Instruction } from './ebpf.ts';
import { LINEAR } from './packet-loads.ts';

/** BPF_COMPLEXITY_LIMIT_JMP_SEQ of kernel/bpf/verifier.c, which beyond it only says EFAULT. */
const MAX_BRANCHES = 8192;

/**
 * The verifier keeps every branch of a path for later, and no more than a limit of them. Bounds checks do not
 * count: after the first of them it knows the outcome of the others.
 * @throws AgentFailure `bad-filter` for a program with a path of more branches
 */
export function checkBranchLimit(program: readonly Instruction[]): void {
  const branches = new Uint32Array(program.length);
  let most = 0;
  program.forEach((instruction, index) => {
    const target = jumpsTo(instruction, index);
    const isBranch = target !== undefined && fallsThrough(instruction) && instruction.dst !== LINEAR;
    const count = branches[index]! + (isBranch ? 1 : 0);
    most = Math.max(most, count);
    const next = fallsThrough(instruction) ? index + 1 : undefined;
    for (const successor of [target, next])
      if (successor !== undefined) branches[successor] = Math.max(branches[successor]!, count);
  });
  if (most <= MAX_BRANCHES) return;
  throw new AgentFailure(
    'bad-filter',
    `The filter is too large for the kernel: it makes up to ${most} tests of one packet, and ${MAX_BRANCHES} are allowed.`,
    'Use fewer terms, for example one network ("net 10.0.0.0/8") in place of many hosts.',
  );
}
