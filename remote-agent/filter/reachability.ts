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
  const reached = program.map((_, index) => index === 0);
  // Jumps only go forward, so one pass sees every predecessor first.
  program.forEach((operation, index) => {
    if (reached[index]) for (const next of successors(operation, index)) reached[next] = true;
  });
  return reached;
}
