/**
 * The plain kprobe backend, for kernels without kprobe.multi: one tracefs kprobe event for each BPF program, with many
 * probes in it, and one perf event for each of those. A perf event for each function would take tens of milliseconds to open and more to close.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { noneProbed, type Attachment, type AttachOptions } from '../attachment.ts';
import { AgentFailure } from '../../../common/errors.ts';
import { type Cleaner, startCleaner } from './cleaner.ts';
import {
  type DefinedProbes,
  type DefinitionFile,
  defineProbes,
  eventName,
  openDefinitions,
  refusal,
} from './define.ts';
import { newGroup, staleGroups } from './group.ts';
import { firstOnlineCpu } from '../../kernel/cpus.ts';
import { type KernelCore, openKernelCore } from '../../kernel/kernel-core.ts';
import { attachPerfEvent, type BpfProgram, destroyLink } from '../../native/libbpf.ts';
import { close, perfEventOpenTracepoint } from '../../native/libc.ts';
import type { ProbePlan } from '../../plan/plan.ts';
import { Skipped } from '../../plan/skipped.ts';
import { tracefsRoot } from '../../kernel/tracefs.ts';

/** What is outside of this process, replaced in tests. */
export interface KprobeSystem {
  tracefs: string;
  arch: string;
  openDefinitions(path: string): DefinitionFile;
  openKernelCore(): KernelCore | undefined;
  startCleaner(tracefs: string, groups: readonly string[]): Promise<Cleaner>;
  /** Runs the program at all probes of a tracefs event, given its number, until the returned function is called. */
  arm(program: BpfProgram, eventId: number): () => void;
}

const thisSystem = (): KprobeSystem => ({
  tracefs: tracefsRoot(),
  arch: process.arch,
  openDefinitions,
  openKernelCore,
  startCleaner,
  arm,
});

/**
 * Probes as many of the functions as the kernel allows. Progress tells of those prepared; the last step, after all
 * of them, arms them.
 *
 * The address in `functions` is the one that the breakpoint stands at: on x86-64 a few bytes behind that of the
 * function, and one less than the instruction pointer that a program sees.
 *
 * @throws AgentFailure `attach` when it allows none; AbortError when cancelled. Nothing stays armed then.
 */
export async function attachKprobes(
  plan: Pick<ProbePlan, 'functions'>,
  options: AttachOptions,
  system = thisSystem(),
): Promise<Attachment> {
  options.signal?.throwIfAborted();
  const definitions = join(system.tracefs, 'kprobe_events');
  const stale = staleGroups(readDefinitions(definitions));
  const group = newGroup();
  const skipped = new Skipped();
  const armed: (() => void)[] = [];
  // Before the first definition: whatever happens to us, they will be removed.
  const cleaner = await system.startCleaner(system.tracefs, [group]);
  const detach = async () => {
    for (const disarm of armed.splice(0)) {
      disarm();
      await nextTurn();
    }
    cleaner.release();
  };
  try {
    const { functions, lifeCycle } = await armAll(await defineAll());
    if (functions.length === 0 && options.mayBeNone !== true) throw noneProbed(skipped.list());
    // Only now: while definitions are being removed, making new ones is slow.
    if (stale.length > 0) (await system.startCleaner(system.tracefs, stale)).release();
    const missed = () => missedHits(readFileSync(join(system.tracefs, 'kprobe_profile'), 'latin1'), group);
    return { functions, lifeCycle, skipped: skipped.list(), missed, detach };
  } catch (error) {
    await detach();
    throw error;
  }

  async function defineAll(): Promise<Map<number, DefinedProbes>> {
    const file = system.openDefinitions(definitions);
    const core = system.openKernelCore();
    try {
      const { arch } = system;
      return await defineProbes({ ...options, ...plan, group, arch, file, core, skipped });
    } finally {
      file.close();
      core?.close();
    }
  }

  /** An event that cannot be armed costs its functions, not the trace. */
  async function armAll(defined: Map<number, DefinedProbes>): Promise<DefinedProbes> {
    const all: DefinedProbes = { functions: [], lifeCycle: 0 };
    for (const [program, probes] of defined) {
      await nextTurn();
      options.signal?.throwIfAborted();
      try {
        const id = readFileSync(
          join(system.tracefs, 'events', group, eventName(group, program), 'id'),
          'latin1',
        );
        armed.push(system.arm(options.program(program), Number(id)));
        all.functions.push(...probes.functions);
        all.lifeCycle += probes.lifeCycle;
      } catch (error) {
        skipped.add(refusal(error), ...probes.functions.map(({ name }) => name));
      }
    }
    return all;
  }
}

/**
 * Hits of a group's probes that found another kprobe running on their CPU: no program was called.
 * @param profile text of tracefs' kprobe_profile: event, hits, missed
 */
export function missedHits(profile: string, group: string): number {
  let missed = 0;
  for (const [, count] of profile.matchAll(new RegExp(`^\\s*${group}_\\d+\\s+\\d+\\s+(\\d+)$`, 'gm')))
    missed += Number(count);
  return missed;
}

function arm(program: BpfProgram, eventId: number): () => void {
  const fd = perfEventOpenTracepoint(eventId, firstOnlineCpu());
  try {
    const link = attachPerfEvent(program, fd); // the descriptor is the link's now
    return () => {
      destroyLink(link);
    };
  } catch (error) {
    close(fd);
    throw error;
  }
}

function readDefinitions(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw new AgentFailure(
      'attach',
      `The kernel’s kprobes cannot be used: ${(error as Error).message}`,
      'Tracing this kernel needs root and CONFIG_KPROBE_EVENTS.',
      { cause: error },
    );
  }
}
