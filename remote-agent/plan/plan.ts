/**
 * Finds the functions to probe on the running kernel. In come the user's choice and facts of the kernel (facts.ts);
 * out comes a ProbePlan: functions with the position of their packet, and why others are left out. This file
 * chooses what was asked for, policy.ts decides.
 */
import { type Btf, BtfKind } from '../../common/btf/btf.ts';
import { type KernelBtf, readKernelBtf } from '../btf/kernel-btf.ts';
import { isLifeCycle } from './life-cycle.ts';
import { type Choice, isChosen } from './choice.ts';
import { noMatch, nonePossible } from './pattern.ts';
import { makePlan, type PlanFacts, type ProbePlan } from './policy.ts';

export type { PlannedFunction, ProbePlan } from './policy.ts';
export { parseChoice } from './choice.ts';

/**
 * All functions with a packet among their parameters, in the kernel and its modules, and where each is.
 * @throws AgentFailure: `no-privilege`; `no-function` when there is nothing to probe
 * @throws AbortError when cancelled
 */
export async function planProbes(
  facts: Omit<PlanFacts, 'isAsked'>,
  choice: Choice,
  signal?: AbortSignal,
): Promise<ProbePlan> {
  signal?.throwIfAborted();
  const { pattern, modules } = choice;
  const among = facts.functions.filter(({ module }) => isChosen({ pattern: null, modules }, '', module));
  if (pattern !== null && !among.some(({ name, module }) => isChosen(choice, name, module))) {
    const names = among.map(({ name }) => name);
    throw noMatch(pattern, names, matchingFunctions(await readKernelBtf(signal), choice));
  }
  const plan = planModules(facts, choice);
  if (plan.functions.every(({ quiet }) => quiet === true)) {
    const making = plan.functions
      .filter(({ name, module }) => isChosen(choice, name, module))
      .map(({ name }) => name);
    const reason = 'there is no packet yet when it is called';
    throw nonePossible(
      pattern,
      making.length === 0 ? plan.skipped : [...plan.skipped, { reason, names: making }],
    );
  }
  return plan;
}

/** The same for the modules that came while tracing. There may be nothing to probe in them. */
export function planModules(facts: Omit<PlanFacts, 'isAsked'>, choice: Choice): ProbePlan {
  const isAsked = (name: string, module: string) => isChosen(choice, name, module);
  return makePlan({
    ...facts,
    functions: facts.functions.filter(({ name, module }) => isAsked(name, module) || isLifeCycle(name)),
    modulesWithoutBtf:
      choice.pattern === null ? facts.modulesWithoutBtf.filter((module) => isAsked('', module)) : [],
    isAsked,
  });
}

function matchingFunctions(btf: KernelBtf, choice: Choice): string[] {
  const names: string[] = [];
  const collect = (types: Btf, module: string) => {
    for (let id = types.firstId; id < types.endId; id++)
      if (types.kind(id) === BtfKind.Func && isChosen(choice, types.name(id), module))
        names.push(types.name(id));
  };
  collect(btf.vmlinux, '');
  for (const module of btf.modules) collect(module.btf, module.name);
  return [...new Set(names)].sort();
}
