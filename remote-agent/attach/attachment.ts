import type { PlannedFunction } from '../plan/plan.ts';
import type { KernelAddress, ProbedFunction, SkippedFunctions } from '../../common/protocol.ts';

/** Armed probes, and how to disarm them; both backends give one. */
export interface Attachment {
  /** What is probed; `address` is what the events will carry. */
  functions: ProbedFunction[];
  skipped: SkippedFunctions[];
  detach: () => void | Promise<void>;
}

const LOW_48_BITS = 0xffff_ffff_ffffn;

export function kernelAddress(address: bigint): KernelAddress {
  return Number(address & LOW_48_BITS);
}

export function probedFunction(planned: PlannedFunction, address: bigint): ProbedFunction {
  const { name, module, argument } = planned;
  return { address: kernelAddress(address), name, module, argument };
}
