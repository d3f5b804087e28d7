/** Makes kprobe events with many probes each, through tracefs (Documentation/trace/kprobetrace.rst). */
import { closeSync, openSync, writeSync } from 'node:fs';
import { askedNames, probedFunctions, type AttachOptions } from '../attachment.ts';
import { ENTRY_BYTES, kprobeOffsets } from './entry.ts';
import { ARMING_EVENT } from './group.ts';
import type { KernelCore } from '../../kernel/kernel-core.ts';
import type { PlannedFunction } from '../../plan/plan.ts';
import type { Skipped } from '../../plan/skipped.ts';
import type { ProbedFunction } from '../../../common/protocol.ts';
import { Turn } from '../../kernel/turn.ts';

export interface DefinitionFile {
  /** One definition. @throws Error with the code of the kernel's refusal */
  write(line: string): void;
  close(): void;
}

/** @param path of tracefs' kprobe_events */
export function openDefinitions(path: string): DefinitionFile {
  // Truncating this file would remove everybody's events.
  const fd = openSync(path, 'a');
  return {
    write: (line) => {
      writeSync(fd, `${line}\n`);
    },
    close: () => {
      closeSync(fd);
    },
  };
}

/** Why the kernel did not take a probe. @param error what the attempt threw */
export function refusal(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `refused by the kernel (${code ?? message})`;
}

export interface DefineRequest extends Pick<AttachOptions, 'signal' | 'onProgress'> {
  group: string;
  functions: readonly PlannedFunction[];
  /** As in process.arch. */
  arch: string;
  file: DefinitionFile;
  core: KernelCore | undefined;
  /** Gets what the kernel refuses. */
  skipped: Skipped;
}

/** What stands in one event. */
export interface DefinedProbes {
  functions: ProbedFunction[];
  /** Of functions that were not asked for. */
  lifeCycle: number;
}

/** The event of the functions that have a program; its name begins with that of its group. */
export function eventName(group: string, program: number): string {
  return `${group}_${program}`;
}

/**
 * Defines an event for each program; nothing is armed yet.
 * @returns the probes that the kernel took, by program
 * @throws AbortError when cancelled
 */
export async function defineProbes(request: DefineRequest): Promise<Map<number, DefinedProbes>> {
  const { group, file, signal, onProgress } = request;
  const defined = new Map<number, DefinedProbes>();
  let marked = false;
  let number = 0;
  const turn = new Turn(signal);

  // The kernel takes two probes of an event for the same if no argument differs, hence the number.
  const define = (event: string, address: bigint) => {
    file.write(`p:${group}/${event} 0x${address.toString(16)} i=\\${++number}:u32`);
  };
  /** Returns the address of the probe, or the kernel's last refusal. */
  const place = (planned: PlannedFunction): bigint | Error => {
    const bytes = request.core?.read(planned.address, ENTRY_BYTES);
    let refused = new Error('no place in it is known');
    for (const offset of kprobeOffsets(request.arch, planned, bytes)) {
      const address = planned.address + BigInt(offset);
      try {
        if (!marked) define(ARMING_EVENT, address);
        marked = true;
        define(eventName(group, planned.program), address);
        return address;
      } catch (error) {
        refused = error as Error;
      }
    }
    return refused;
  };

  try {
    for (const [index, planned] of request.functions.entries()) {
      const placed = place(planned);
      if (placed instanceof Error) {
        request.skipped.add(refusal(placed), ...askedNames([planned]));
      } else {
        const probes = defined.get(planned.program) ?? { functions: [], lifeCycle: 0 };
        probes.functions.push(...probedFunctions(planned, placed));
        probes.lifeCycle += Number(planned.quiet === true);
        defined.set(planned.program, probes);
      }
      if (!turn.isOver) continue;
      onProgress?.(index + 1);
      await turn.next();
    }
    onProgress?.(request.functions.length);
    return defined;
  } finally {
    if (marked) file.write(`-:${group}/${ARMING_EVENT}`);
  }
}
