/**
 * The kprobe.multi backend: one link for all functions that have the same program. The kernel attaches
 * all of a link's functions or none, so a refused group is halved until the functions at fault stand alone.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import {
  askedNames,
  noneProbed,
  probedFunctions,
  type Attachment,
  type AttachOptions,
} from './attachment.ts';
import {
  attachKprobeMulti,
  destroyLink,
  LibbpfError,
  type BpfLink,
  type BpfProgram,
} from '../native/libbpf.ts';
import type { PlannedFunction, ProbePlan } from '../plan/plan.ts';
import { Skipped } from '../plan/skipped.ts';
import type { ProbedFunction } from '../../common/protocol.ts';

/** So many refused functions are no exceptions any more; what is left of their group is skipped with them. */
const MAX_REFUSED = 64;

/** Kernel calls, replaced in tests. */
export interface MultiLinks {
  attach(program: BpfProgram, addresses: BigUint64Array): BpfLink;
  destroy(link: BpfLink): void;
}

/**
 * Attaches to as many functions as the kernel allows.
 * @throws AgentFailure `attach` when it allows none; AbortError when cancelled. Nothing is attached then.
 */
export function attachMulti(
  plan: Pick<ProbePlan, 'functions'>,
  options: AttachOptions,
  links: MultiLinks = { attach: attachKprobeMulti, destroy: destroyLink },
): Promise<Attachment> {
  const attach = (group: readonly PlannedFunction[]) => {
    const addresses = BigUint64Array.from(group, ({ address }) => address);
    const link = links.attach(options.program(group[0]?.program ?? 0), addresses);
    return () => {
      links.destroy(link);
    };
  };
  return attachGroups(groups(plan.functions), attach, options);
}

/**
 * Attaches groups of functions, and what of them the kernel allows.
 * @param attach all of some functions of a group, or none; returns what detaches them
 * @throws as attachMulti
 */
export async function attachGroups(
  pending: PlannedFunction[][],
  attach: (group: readonly PlannedFunction[]) => () => void,
  options: AttachOptions,
): Promise<Attachment> {
  const attached: (() => void)[] = [];
  const functions: ProbedFunction[] = [];
  const skipped = new Skipped();
  let lifeCycle = 0;
  let refusals = 0;
  let done = 0;
  const detach = () => {
    for (const each of attached.splice(0)) each();
  };
  try {
    for (let group = pending.pop(); group !== undefined; group = pending.pop()) {
      await breathe(); // lets a stop or a lost connection be noticed
      options.signal?.throwIfAborted();
      const failure = attachGroup(group);
      if (failure !== undefined && group.length > 1 && refusals < MAX_REFUSED) {
        const half = group.length >> 1;
        pending.push(group.slice(half), group.slice(0, half));
        continue;
      }
      if (failure !== undefined) {
        refusals += group.length;
        skipped.add(failure, ...askedNames(group));
      }
      done += group.length;
      options.onProgress?.(done);
    }
    if (functions.length === 0 && options.mayBeNone !== true) throw noneProbed(skipped.list());
  } catch (error) {
    detach();
    throw error;
  }
  return { functions, lifeCycle, skipped: skipped.list(), detach };

  /** Returns the kernel's reason when it refuses. */
  function attachGroup(group: readonly PlannedFunction[]): string | undefined {
    try {
      attached.push(attach(group));
    } catch (error) {
      if (!(error instanceof LibbpfError)) throw error;
      return `refused by the kernel (${error.reason})`;
    }
    functions.push(...group.flatMap((planned) => probedFunctions(planned, planned.address)));
    lifeCycle += group.length - askedNames(group).length;
    return undefined;
  }
}

/** By program; an address that is there twice (two names) is attached once. */
function groups(functions: readonly PlannedFunction[]): PlannedFunction[][] {
  const byProgram = new Map<number, Map<bigint, PlannedFunction>>();
  for (const planned of functions) {
    const group = byProgram.get(planned.program) ?? new Map<bigint, PlannedFunction>();
    if (!group.has(planned.address)) group.set(planned.address, planned);
    byProgram.set(planned.program, group);
  }
  return [...byProgram.values()].map((group) => [...group.values()]);
}
