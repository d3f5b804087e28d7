/**
 * The kprobe.multi backend: one link for all functions whose packet is the same argument. The kernel attaches
 * all of a link's functions or none, so a refused group is halved until the functions at fault stand alone.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { probedFunction, type Attachment } from './attachment.ts';
import { AgentFailure } from '../../common/errors.ts';
import type { BpfLink, BpfProgram } from '../native/libbpf.ts';
import { LibbpfError } from '../native/libbpf.ts';
import type { PlannedFunction } from '../plan/plan.ts';
import type { ProbedFunction } from '../../common/protocol.ts';

/** So many refused functions are no exceptions any more; what is left of their group is skipped with them. */
const MAX_REFUSED = 64;

/** Kernel calls, replaced in tests. */
export interface MultiLinks {
  attach(program: BpfProgram, addresses: BigUint64Array): BpfLink;
  destroy(link: BpfLink): void;
}

export interface MultiOptions {
  functions: readonly PlannedFunction[];
  /** The program for functions whose nth argument is the packet. */
  program(argument: number): BpfProgram;
  links: MultiLinks;
  signal: AbortSignal;
  /** Fired after each group: functions done so far. */
  onProgress(done: number): void;
}

/**
 * Attaches to as many functions as the kernel allows.
 * @throws AgentFailure `attach` when it allows none; AbortError when cancelled. Nothing is attached then.
 */
export async function attachMulti(options: MultiOptions): Promise<Attachment> {
  const { links, signal } = options;
  const attached: BpfLink[] = [];
  const functions: ProbedFunction[] = [];
  const refused = new Map<string, string[]>();
  let refusals = 0;
  let done = 0;
  const detach = () => {
    for (const link of attached.splice(0)) links.destroy(link);
  };
  const pending = groups(options.functions);
  try {
    for (let group = pending.pop(); group !== undefined; group = pending.pop()) {
      await breathe(); // lets a stop or a lost connection be noticed
      signal.throwIfAborted();
      const failure = attachGroup(group);
      if (failure !== undefined && group.length > 1 && refusals < MAX_REFUSED) {
        const half = group.length >> 1;
        pending.push(group.slice(half), group.slice(0, half));
        continue;
      }
      if (failure !== undefined) {
        refusals += group.length;
        const names = refused.get(failure) ?? [];
        names.push(...group.map(({ name }) => name));
        refused.set(failure, names);
      }
      done += group.length;
      options.onProgress(done);
    }
  } catch (error) {
    detach();
    throw error;
  }
  const skipped = [...refused].map(([reason, names]) => ({ reason, names }));
  if (functions.length === 0) {
    const reason = skipped[0]?.reason ?? 'the plan is empty';
    throw new AgentFailure('attach', `The kernel let no function be probed: ${reason}.`);
  }
  return { functions, skipped, detach };

  /** Returns the kernel's reason when it refuses. */
  function attachGroup(group: readonly PlannedFunction[]): string | undefined {
    const program = options.program(group[0]?.argument ?? 1);
    try {
      attached.push(
        links.attach(
          program,
          BigUint64Array.from(group, ({ address }) => address),
        ),
      );
    } catch (error) {
      if (!(error instanceof LibbpfError)) throw error;
      return `refused by the kernel (${error.reason})`;
    }
    functions.push(...group.map((planned) => probedFunction(planned, planned.address)));
    return undefined;
  }
}

/** By argument position; an address that is there twice (two names) is attached once. */
function groups(functions: readonly PlannedFunction[]): PlannedFunction[][] {
  const byArgument = new Map<number, Map<bigint, PlannedFunction>>();
  for (const planned of functions) {
    const group = byArgument.get(planned.argument) ?? new Map<bigint, PlannedFunction>();
    if (!group.has(planned.address)) group.set(planned.address, planned);
    byArgument.set(planned.argument, group);
  }
  return [...byArgument.values()].map((group) => [...group.values()]);
}
