import type { BpfProgram } from '../native/libbpf.ts';
import type { PlannedFunction } from '../plan/plan.ts';
import { AgentFailure } from '../../common/errors.ts';
import { kernelAddressOf } from '../../common/kernel-address.ts';
import type { ProbedFunction, SkippedFunctions } from '../../common/protocol.ts';

/** What a backend is given beside the plan. */
export interface AttachOptions {
  /** The program for functions whose nth argument is the packet. */
  program(argument: number): BpfProgram;
  signal?: AbortSignal | undefined;
  /** Fired now and then: functions done so far. */
  onProgress?: ((done: number) => void) | undefined;
}

/** Armed probes, and how to disarm them; both backends give one. */
export interface Attachment {
  /** What is probed; `address` is what the events will carry. */
  functions: ProbedFunction[];
  skipped: SkippedFunctions[];
  detach: () => void | Promise<void>;
}

export function probedFunction(planned: PlannedFunction, address: bigint): ProbedFunction {
  const { name, module, argument } = planned;
  return { address: kernelAddressOf(address), name, module, argument };
}

/** For when not one function could be probed. */
export function noneProbed(skipped: readonly SkippedFunctions[]): AgentFailure {
  const reason = skipped[0]?.reason ?? 'the plan is empty';
  return new AgentFailure('attach', `The kernel let no function be probed: ${reason}.`);
}
