import { AgentFailure } from '../../common/errors.ts';
import { fallsThrough, jumpsTo, type Instruction } from '../../common/bpf/ebpf.ts';
import { CAPTURED } from '../../common/bpf/packet-loads.ts';

/** BPF_COMPLEXITY_LIMIT_JMP_SEQ of kernel/bpf/verifier.c, which beyond it only says EFAULT. */
const MAX_BRANCHES = 8192;

/**
 * The verifier walks a program depth first, each branch's jump put off until what falls through is done, and
 * it gives up when too many are put off. This is the same walk, stopping where the verifier at best stops: at
 * instructions seen before. Bounds checks do not count: after the first it knows the outcome of the others.
 * @throws AgentFailure `bad-filter` for a program that no kernel would take
 */
export function checkBranchLimit(program: readonly Instruction[]): void {
  const seen = new Uint8Array(program.length);
  const putOff = [0];
  let most = 0;
  for (let from = putOff.pop(); from !== undefined; from = putOff.pop()) {
    let at: number | undefined = from;
    while (at !== undefined && seen[at] === 0) {
      seen[at] = 1;
      const instruction: Instruction = program[at]!;
      const target = jumpsTo(instruction, at);
      const next: number | undefined = fallsThrough(instruction) ? at + 1 : undefined;
      if (target !== undefined && next !== undefined && instruction.dst !== CAPTURED) putOff.push(target);
      most = Math.max(most, putOff.length);
      at = next ?? target;
    }
  }
  if (most <= MAX_BRANCHES) return;
  throw new AgentFailure(
    'bad-filter',
    `The filter is too large for the kernel: it branches ${most} times in a row, and ${MAX_BRANCHES} are allowed.`,
    'Use fewer terms, for example one network ("net 10.0.0.0/8") in place of many hosts.',
  );
}
