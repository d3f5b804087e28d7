import type { Operation } from './cbpf.ts';

/** Division by a constant zero rejects the packet: nothing follows it (libpcap's bpf_filter returns 0). */
export function dividesByZero(operation: Operation): boolean {
  return (
    operation.op === 'alu' &&
    (operation.operator === 'div' || operation.operator === 'mod') &&
    operation.operand === 0
  );
}

/** The operations that can run after this one. */
export function successors(operation: Operation, index: number): number[] {
  if (operation.op === 'return' || dividesByZero(operation)) return [];
  if (operation.op === 'goto') return [operation.target];
  if (operation.op === 'jump') return [operation.ifTrue, operation.ifFalse];
  return [index + 1];
}

/** Which operations can run at all: the kernel's verifier refuses programs with others. */
export function reachable(program: readonly Operation[]): boolean[] {
  const reached = program.map(() => false);
  const queue = [0];
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    if (reached[index]) continue;
    reached[index] = true;
    queue.push(...successors(program[index]!, index));
  }
  return reached;
}

/** Which operations are jumped back to: each is where a loop begins. */
export function loopHeads(program: readonly Operation[], live: readonly boolean[]): Set<number> {
  const heads = program.flatMap((operation, index) =>
    live[index] ? successors(operation, index).filter((next) => next <= index) : [],
  );
  return new Set(heads);
}
