/**
 * Finds the functions to probe on the running kernel. In come the user's pattern and facts of the kernel (facts.ts);
 * out comes a ProbePlan: functions with the position of their packet, and why others are left out. This file
 * chooses what was asked for, policy.ts decides.
 */
import { type Btf, BtfKind } from '../../common/btf/btf.ts';
import { type KernelBtf, readKernelBtf } from '../btf/kernel-btf.ts';
import { isLifeCycle } from './life-cycle.ts';
import { noMatch, nonePossible } from './pattern.ts';
import { makePlan, type PlanFacts, type ProbePlan } from './policy.ts';

export type { PlannedFunction, ProbePlan } from './policy.ts';
export { parsePattern } from './pattern.ts';

/**
 * All functions with a packet among their parameters, in the kernel and its modules, and where each is.
 * @param pattern tested against names without the compiler's suffixes, as made by parsePattern; null: every function
 * @throws AgentFailure: `no-privilege`; `no-function` when there is nothing to probe
 * @throws AbortError when cancelled
 */
export async function planProbes(
  facts: Omit<PlanFacts, 'isAsked'>,
  pattern: RegExp | null,
  signal?: AbortSignal,
): Promise<ProbePlan> {
  signal?.throwIfAborted();
  const isAsked = asks(pattern);
  const names = facts.functions.map(({ name }) => name);
  if (pattern !== null && !names.some(isAsked))
    throw noMatch(pattern, names, matchingFunctions(await readKernelBtf(signal), pattern));
  const plan = planModules(facts, pattern);
  if (plan.functions.every(({ quiet }) => quiet === true)) {
    const making = plan.functions.map(({ name }) => name).filter(isAsked);
    const reason = 'there is no packet yet when it is called';
    throw nonePossible(
      pattern,
      making.length === 0 ? plan.skipped : [...plan.skipped, { reason, names: making }],
    );
  }
  return plan;
}

/** The same for the modules that came while tracing. There may be nothing to probe in them. */
export function planModules(facts: Omit<PlanFacts, 'isAsked'>, pattern: RegExp | null): ProbePlan {
  const isAsked = asks(pattern);
  return makePlan({
    ...facts,
    functions: facts.functions.filter(({ name }) => isAsked(name) || isLifeCycle(name)),
    modulesWithoutBtf: pattern === null ? facts.modulesWithoutBtf : [],
    isAsked,
  });
}

function asks(pattern: RegExp | null): (name: string) => boolean {
  return (name) => pattern?.test(name) !== false;
}

function matchingFunctions(btf: KernelBtf, pattern: RegExp): string[] {
  const names: string[] = [];
  const collect = (types: Btf) => {
    for (let id = types.firstId; id < types.endId; id++)
      if (types.kind(id) === BtfKind.Func && pattern.test(types.name(id))) names.push(types.name(id));
  };
  collect(btf.vmlinux);
  for (const module of btf.modules) collect(module.btf);
  return [...new Set(names)].sort();
}
