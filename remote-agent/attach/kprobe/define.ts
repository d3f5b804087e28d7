/** Makes kprobe events with many probes each, through tracefs (Documentation/trace/kprobetrace.rst). */
import { closeSync, openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { probedFunction } from '../attachment.ts';
import { ENTRY_BYTES, kprobeOffsets } from './entry.ts';
import { ARMING_EVENT } from './group.ts';
import type { KernelMemory } from '../../kernel/kernel-core.ts';
import type { PlannedFunction } from '../../plan/plan.ts';
import type { ProbedFunction, SkippedFunctions } from '../../../common/protocol.ts';

/** How long the event loop may wait for us: pings and "stop" come through it. */
const TURN_MS = 20;

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

/** Functions that the kernel refused, by reason. */
export class Refusals {
  readonly #byReason = new Map<string, string[]>();

  add(error: unknown, name: string): void {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = `refused by the kernel (${code ?? message})`;
    const names = this.#byReason.get(reason);
    if (names === undefined) this.#byReason.set(reason, [name]);
    else names.push(name);
  }

  list(): SkippedFunctions[] {
    return [...this.#byReason].map(([reason, names]) => ({ reason, names }));
  }
}

export interface DefineRequest {
  group: string;
  functions: readonly PlannedFunction[];
  /** As in process.arch. */
  arch: string;
  file: DefinitionFile;
  memory: KernelMemory | undefined;
  refusals: Refusals;
  signal?: AbortSignal | undefined;
  /** Fired some times a second: functions done so far. */
  onProgress?: ((done: number) => void) | undefined;
}

/** The event of the functions whose nth argument is the packet. */
export function eventName(argument: number): string {
  return `a${argument}`;
}

/**
 * Defines an event for each argument position; nothing is armed yet.
 * @returns the probes that the kernel took, by argument
 * @throws AbortError when cancelled
 */
export async function defineProbes(request: DefineRequest): Promise<Map<number, ProbedFunction[]>> {
  const { group, file, signal, onProgress } = request;
  const defined = new Map<number, ProbedFunction[]>();
  let marked = false;
  let number = 0;
  let turn = performance.now();

  // The kernel takes two probes of an event for the same if no argument differs, hence the number.
  const define = (event: string, address: bigint) => {
    file.write(`p:${group}/${event} 0x${address.toString(16)} i=\\${++number}:u32`);
  };
  /** Returns the address of the probe, or the kernel's last refusal. */
  const place = (planned: PlannedFunction): bigint | Error => {
    const bytes = request.memory?.read(planned.address, ENTRY_BYTES);
    let refusal = new Error('no place in it is known');
    for (const offset of kprobeOffsets(request.arch, planned, bytes)) {
      const address = planned.address + BigInt(offset);
      try {
        if (!marked) define(ARMING_EVENT, address);
        marked = true;
        define(eventName(planned.argument), address);
        return address;
      } catch (error) {
        refusal = error as Error;
      }
    }
    return refusal;
  };

  try {
    for (const [index, planned] of request.functions.entries()) {
      const placed = place(planned);
      if (placed instanceof Error) {
        request.refusals.add(placed, planned.name);
      } else {
        const probes = defined.get(planned.argument) ?? [];
        probes.push(probedFunction(planned, placed));
        defined.set(planned.argument, probes);
      }
      if (performance.now() - turn < TURN_MS) continue;
      onProgress?.(index + 1);
      await nextTurn();
      signal?.throwIfAborted();
      turn = performance.now();
    }
    onProgress?.(request.functions.length);
    return defined;
  } finally {
    if (marked) file.write(`-:${group}/${ARMING_EVENT}`);
  }
}
