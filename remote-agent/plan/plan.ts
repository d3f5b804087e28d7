/**
 * Finds the functions to probe on the running kernel. In come the user's pattern, the kernel's types and symbols;
 * out comes a ProbePlan: functions with the position of their packet, and why others are left out. This file
 * collects the facts, policy.ts decides.
 */
import { type Btf, BtfKind } from '../btf/btf.ts';
import type { KernelBtf } from '../btf/kernel-btf.ts';
import { findSkbFunctions, type SkbFunction } from './skb-functions.ts';
import { functionSymbols } from '../kernel/kallsyms.ts';
import { noMatch, nonePossible } from './pattern.ts';
import { makePlan, type ProbePlan } from './policy.ts';
import { readKprobeBlacklist, readTraceable, tracefsRoot } from '../kernel/tracefs.ts';

export type { PlannedFunction, ProbePlan } from './policy.ts';
export { parsePattern } from './pattern.ts';

export interface PlanOptions {
  /** Tested against names without the compiler's suffixes, as made by parsePattern; null: every function. */
  functions: RegExp | null;
  btf: KernelBtf;
  /** What readKallsyms gave. */
  kallsyms: Buffer;
  signal?: AbortSignal | undefined;
  /** Fired a few times; `done` of `total` have no unit. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

const STEPS = 3;

/**
 * All functions with a packet among their parameters, in the kernel and its modules, and where each is.
 * @throws AgentFailure: `no-privilege`; `no-function` when there is nothing to probe
 * @throws AbortError when cancelled
 */
export async function planProbes(options: PlanOptions): Promise<ProbePlan> {
  const { functions: pattern, btf, kallsyms, signal, onProgress } = options;
  signal?.throwIfAborted();
  onProgress?.(0, STEPS);
  const all = skbFunctions(btf);
  const functions = pattern === null ? all : all.filter(({ name }) => pattern.test(name));
  if (functions.length === 0 && pattern !== null)
    throw noMatch(
      pattern,
      all.map(({ name }) => name),
      matchingFunctions(btf, pattern),
    );
  onProgress?.(1, STEPS);

  const symbols = functionSymbols(kallsyms, distinct(functions.map(({ name }) => name)));
  onProgress?.(2, STEPS);

  const root = tracefsRoot();
  const traceable = await readTraceable(root, distinct(symbols.map(({ name }) => name)), signal);
  const plan = makePlan({
    functions,
    symbols,
    traceable,
    blacklist: readKprobeBlacklist(),
    modulesWithoutBtf: pattern === null ? btf.modulesWithout : [],
  });
  if (plan.functions.length === 0) throw nonePossible(pattern, plan.skipped);
  onProgress?.(STEPS, STEPS);
  return plan;
}

function skbFunctions(btf: KernelBtf): SkbFunction[] {
  const found = findSkbFunctions(btf.vmlinux, '');
  for (const module of btf.modules) found.push(...findSkbFunctions(module.btf, module.name));
  return found;
}

function matchingFunctions(btf: KernelBtf, pattern: RegExp): string[] {
  const names: string[] = [];
  const collect = (types: Btf) => {
    for (let id = types.firstId; id < types.endId; id++)
      if (types.kind(id) === BtfKind.Func && pattern.test(types.name(id))) names.push(types.name(id));
  };
  collect(btf.vmlinux);
  for (const module of btf.modules) collect(module.btf);
  return distinct(names).sort();
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}
