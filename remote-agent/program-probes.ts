/** Traces the BPF programs that get packets: those that there are, and those that are loaded while a trace runs. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Output } from './events/output.ts';
import { releaseGarbage } from './native/release-garbage.ts';
import type { Wanted } from './programs/of-filter.ts';
import { PacketPrograms } from './programs/packet-programs.ts';
import type { ProgramTracers } from './programs/program-tracers.ts';
import type { PacketProgramKind, ProgramsLoaded } from '../common/protocol.ts';

/** Where nothing was loaded a look is one system call. */
const INTERVAL_MS = 250;

/** What became of programs that were found. */
export type TracedPrograms = Pick<ProgramsLoaded, 'functions' | 'skipped'>;

export class ProgramProbes {
  readonly #programs: PacketPrograms;
  readonly #cancel = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  /** @param present the filter in force */
  constructor(
    private readonly kinds: readonly PacketProgramKind[],
    private readonly tracers: Pick<ProgramTracers, 'add'>,
    private readonly present: () => Wanted,
  ) {
    this.#programs = new PacketPrograms(kinds);
  }

  /** Traces all that there are. @throws AbortError when cancelled */
  async start(signal: AbortSignal): Promise<TracedPrograms> {
    const all: TracedPrograms = { functions: [], skipped: [] };
    await this.#add(signal, ({ functions, skipped }) => {
      all.functions.push(...functions);
      all.skipped.push(...skipped);
    });
    return all;
  }

  /** From now on traces those that are loaded. */
  watch(output: Output): void {
    if (this.kinds.length === 0) return;
    this.#timer = setTimeout(() => {
      const { signal } = this.#cancel;
      this.#work = this.#add(signal, (traced) => {
        // At once: no event of a program leaves before its name.
        output.send({ type: 'programs', ...traced });
      }).finally(() => {
        if (!signal.aborted) this.watch(output);
      });
    }, INTERVAL_MS);
  }

  /** Settles when no more programs will be traced. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#cancel.abort();
    await this.#work.catch((error: unknown) => {
      if ((error as Error).name !== 'AbortError') throw error;
    });
  }

  async #add(signal: AbortSignal, added: (traced: TracedPrograms) => void): Promise<void> {
    if (this.kinds.length === 0) return;
    const { programs, skipped } = this.#programs.find();
    if (skipped.length > 0) added({ functions: [], skipped });
    for (const program of programs) {
      signal.throwIfAborted();
      const traced = this.tracers.add(program, this.present());
      added('names' in traced ? { functions: [], skipped: [traced] } : { functions: [traced], skipped: [] });
      await turn(); // each takes milliseconds
    }
    if (programs.length > 0) setImmediate(releaseGarbage);
  }
}
