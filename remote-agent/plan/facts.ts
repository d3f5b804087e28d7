/**
 * What plans are made of, whatever is asked for: it stays as it is until the machine boots anew or its modules change,
 * and to find it takes most of a start. facts-cache.ts keeps it.
 */
import { type BtfFacts, btfFacts } from '../btf/btf-facts.ts';
import { type DropReasons, dropReasons } from '../btf/drop-reasons.ts';
import { findDirectReads } from '../btf/find-direct-reads.ts';
import { areKernelsOwn, type KernelBtf, readBtfOf } from '../btf/kernel-btf.ts';
import { functionSymbols, readKallsyms } from '../kernel/kallsyms.ts';
import { moduleNames } from '../kernel/modules.ts';
import { findPageVariables, type PageVariables } from '../kernel/page-variables.ts';
import { readKprobeBlacklist, readTraceable, tracefsRoot } from '../kernel/tracefs.ts';
import type { PlanFacts } from './policy.ts';
import { findSkbFunctions, type SkbFunction } from './skb-functions.ts';
import type { DirectReads } from '../../common/bpf/direct-reads.ts';

export interface KernelFacts extends Omit<PlanFacts, 'isAsked'> {
  btf: BtfFacts;
  dropReasons: DropReasons;
  pages: PageVariables;
  /** Undefined on kernels that do not offer them. */
  directReads: DirectReads | undefined;
}

const STEPS = 3;

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Fired a few times; `done` of `total` have no unit. */
  onProgress?: (done: number, total: number) => void;
  /** The types, where they were read already. */
  btf?: KernelBtf | undefined;
  /** Gets what the types tell, before what takes longer is read; what it throws is thrown. */
  first?: (btf: BtfFacts) => void;
}

/**
 * Reads them off the kernel.
 * @param loaded what loadedModules gave before
 * @returns them and what readKallsyms gave, some ten megabytes
 * @throws AgentFailure: `no-btf`, `no-privilege`; AbortError when cancelled
 */
export async function readKernelFacts(
  loaded: string,
  { signal, onProgress, btf: known, first }: ReadOptions = {},
): Promise<{ facts: KernelFacts; kallsyms: Buffer }> {
  onProgress?.(0, STEPS);
  const btf = known ?? (await readBtfOf(moduleNames(loaded), signal));
  const told = btfFacts(btf);
  first?.(told);
  const functions = [...findSkbFunctions(btf.vmlinux, ''), ...moduleFunctions(btf)];
  onProgress?.(1, STEPS);

  const kallsyms = await readKallsyms(signal);
  const symbols = functionSymbols(kallsyms, namesOf(functions));
  onProgress?.(2, STEPS);

  const facts: KernelFacts = {
    functions,
    symbols,
    traceable: await readTraceable(tracefsRoot(), namesOf(symbols), signal),
    blacklist: readKprobeBlacklist(),
    modulesWithoutBtf: btf.modulesWithout,
    btf: told,
    dropReasons: dropReasons(btf),
    pages: findPageVariables(kallsyms),
    // Programs name what they call by the number of its type.
    directReads: areKernelsOwn() ? findDirectReads(btf) : undefined,
  };
  onProgress?.(STEPS, STEPS);
  return { facts, kallsyms };
}

/**
 * Those of some modules alone, which came while tracing.
 * @throws AgentFailure `no-btf`; AbortError when cancelled
 */
export async function readModuleFacts(
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Omit<PlanFacts, 'isAsked'> & { dropReasons: DropReasons }> {
  const btf = await readBtfOf(names, signal);
  const functions = moduleFunctions(btf);
  return {
    functions,
    symbols: functionSymbols(await readKallsyms(signal), namesOf(functions)),
    // To read what ftrace can trace takes longer than all the rest: whether it can, the attempt tells too.
    traceable: null,
    blacklist: readKprobeBlacklist(),
    modulesWithoutBtf: btf.modulesWithout,
    dropReasons: dropReasons(btf),
  };
}

function moduleFunctions({ modules }: KernelBtf): SkbFunction[] {
  return modules.flatMap(({ name, btf }) => findSkbFunctions(btf, name));
}

function namesOf(all: readonly { name: string }[]): string[] {
  return [...new Set(all.map(({ name }) => name))];
}
