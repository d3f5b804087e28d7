import type { BpfProgram } from '../native/libbpf.ts';
import type { PlannedFunction } from '../plan/plan.ts';
import { AgentFailure } from '../../common/errors.ts';
import { kernelAddressOf } from '../../common/kernel-address.ts';
import type { ProbedFunction, SkippedFunctions } from '../../common/protocol.ts';

/** What a backend is given beside the plan. */
export interface AttachOptions {
  /** enum program of bpf/program.h. */
  program(index: number): BpfProgram;
  signal?: AbortSignal | undefined;
  /** Fired now and then: functions done so far. */
  onProgress?: ((done: number) => void) | undefined;
  /** It is no failure when none of what was asked for can be probed. */
  mayBeNone?: boolean | undefined;
}

/** Armed probes, and how to disarm them; both backends give one. */
export interface Attachment {
  /** What was asked for and is probed; the low 32 bits of `address` are what the events will carry. */
  functions: ProbedFunction[];
  /** How many are probed that were not asked for. */
  lifeCycle: number;
  skipped: SkippedFunctions[];
  /** Hits that the probes themselves passed over, besides those of their programs. */
  missed?: () => number;
  detach: () => void | Promise<void>;
}

/** None for a function that was not asked for. */
export function probedFunctions(planned: PlannedFunction, address: bigint): ProbedFunction[] {
  const { name, module, argument, quiet } = planned;
  return quiet === true ? [] : [{ address: kernelAddressOf(address), name, module, argument }];
}

/** Names of those that were asked for: the others are not missed. */
export function askedNames(planned: readonly PlannedFunction[]): string[] {
  return planned.filter(({ quiet }) => quiet !== true).map(({ name }) => name);
}

/** For when not one function could be probed. */
export function noneProbed(skipped: readonly SkippedFunctions[]): AgentFailure {
  const reason = skipped[0]?.reason ?? 'the plan is empty';
  return new AgentFailure('attach', `The kernel let no function be probed: ${reason}.`);
}
