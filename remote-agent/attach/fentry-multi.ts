/**
 * The fentry-multi backend: tracing-multi links. The kernel's guard against recursion is one for each program: what an
 * interrupt brings about while a program runs is passed over only by functions that have the same. So functions are
 * spread over copies of their program.
 */
import { askedNames, type Attachment, type AttachOptions } from './attachment.ts';
import { attachGroups } from './multi.ts';
import { openModuleBtf } from '../native/btf-objects.ts';
import { attachFentryMulti, loadAgain } from '../native/tracing-multi.ts';
import { type BpfProgram, programFd } from '../native/libbpf.ts';
import { close } from '../native/libc.ts';
import type { PlannedFunction, ProbePlan } from '../plan/plan.ts';
import { recursionMisses } from '../programs/probe-programs.ts';

/** Each copy is another link, which takes some milliseconds. */
const FUNCTIONS_A_PROGRAM = 64;

export const NOT_BY_TYPE =
  'not to be found by its type alone (several functions of its name, or a variant of one)';

/** Kernel calls, replaced in tests. */
export interface FentrySystem {
  /** Loads a program once more. @returns a descriptor */
  load(program: BpfProgram, name: string, btfFd: number): number;
  attach(program: number, ids: Uint32Array): number;
  openModuleBtf(names: ReadonlySet<string>): Map<string, number>;
  programFd(program: BpfProgram): number;
  close(fd: number): void;
}

const SYSTEM: FentrySystem = { load: loadAgain, attach: attachFentryMulti, openModuleBtf, programFd, close };

/** Functions that get the same copy of a program. */
interface Share {
  module: string;
  program: number;
  functions: PlannedFunction[];
  /** Descriptor; known when it is attached first. */
  fd?: number;
}

/**
 * Attaches to as many functions as the kernel allows.
 * @throws AgentFailure `attach` when it allows none; AbortError when cancelled. Nothing is attached then.
 */
export async function attachFentry(
  plan: Pick<ProbePlan, 'functions'>,
  options: AttachOptions,
  system: FentrySystem = SYSTEM,
): Promise<Attachment> {
  const byType = plan.functions.filter(({ btfId }) => btfId !== undefined);
  const others = askedNames(plan.functions.filter(({ btfId }) => btfId === undefined));
  const modules = system.openModuleBtf(new Set(byType.map(({ module }) => module)));
  const owned: number[] = [];
  const inUse: number[] = [];
  const closePrograms = () => {
    for (const fd of owned.splice(0)) system.close(fd);
  };
  const shares = sharesOf(byType);
  const shareOf = new Map(shares.flatMap((share) => share.functions.map((each) => [each, share] as const)));
  const whole = new Set<number>(); // programs that are attached themselves, not as a copy
  const programOf = (share: Share): number => {
    if (share.fd !== undefined) return share.fd;
    const program = options.program(share.program);
    if (share.module === '' && !whole.has(share.program)) {
      whole.add(share.program);
      share.fd = system.programFd(program);
    } else {
      share.fd = system.load(program, `copy_${share.program}`, modules.get(share.module) ?? 0);
      owned.push(share.fd);
      inUse.push(share.fd);
    }
    return share.fd;
  };
  const attach = (group: readonly PlannedFunction[]) => {
    const share = group[0] && shareOf.get(group[0]);
    if (share === undefined) throw new RangeError('a group without functions');
    const link = system.attach(
      programOf(share),
      Uint32Array.from(group, ({ btfId }) => btfId ?? 0),
    );
    return () => {
      system.close(link);
    };
  };
  try {
    const attached = await attachGroups(
      shares.map(({ functions }) => functions),
      attach,
      options,
    );
    return {
      ...attached,
      skipped: [...attached.skipped, ...(others.length > 0 ? [{ reason: NOT_BY_TYPE, names: others }] : [])],
      missed: () => inUse.reduce((sum, fd) => sum + recursionMisses(fd), 0),
      detach: async () => {
        await attached.detach();
        inUse.length = 0;
        closePrograms();
      },
    };
  } catch (error) {
    closePrograms();
    throw error;
  } finally {
    for (const fd of modules.values()) system.close(fd);
  }
}

/** By module and program; a type that is there twice (two names of one function) is attached once. */
function sharesOf(functions: readonly PlannedFunction[]): Share[] {
  const groups = new Map<string, Map<number, PlannedFunction>>();
  for (const planned of functions) {
    const key = `${planned.program} ${planned.module}`;
    const group = groups.get(key) ?? new Map<number, PlannedFunction>();
    const id = planned.btfId ?? 0;
    if (!group.has(id)) group.set(id, planned);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((group) => {
    const all = [...group.values()];
    const copies = Math.ceil(all.length / FUNCTIONS_A_PROGRAM);
    // In turn: what one function calls lies beside it.
    return Array.from({ length: copies }, (_, copy) => ({
      module: all[0]?.module ?? '',
      program: all[0]?.program ?? 0,
      functions: all.filter((_, index) => index % copies === copy),
    }));
  });
}
