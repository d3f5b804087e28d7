/** Probes the functions of modules that are loaded while a trace runs. */
import { attachMore } from './attach/attach.ts';
import type { Attachment } from './attach/attachment.ts';
import type { Drain } from './events/drain.ts';
import type { Output } from './events/output.ts';
import { loadedModules, newModules } from './kernel/modules.ts';
import { releaseGarbage } from './native/release-garbage.ts';
import { readModuleFacts } from './plan/facts.ts';
import type { Choice } from './plan/choice.ts';
import { planModules } from './plan/plan.ts';
import type { ProbePrograms } from './programs/probe-programs.ts';
import type { Backend, DropReasonName, ModulesLoaded } from '../common/protocol.ts';

/** A look at /proc/modules is a tenth of a millisecond. */
const INTERVAL_MS = 250;

export interface ModuleProbesParts {
  /** What loadedModules gave when the trace was planned. */
  loaded: string;
  /** Those that have a name so far. */
  dropReasons: readonly DropReasonName[];
  choice: Choice;
  backend: Backend;
  programs: ProbePrograms;
  drain: Drain;
  output: Output;
  /** Gets what was attached. */
  attached: (attachment: Attachment) => void;
}

export class ModuleProbes {
  readonly #cancel = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  /** Of `loadedModules`, when it was looked last. */
  #loaded: string;
  /** Drop reasons that have a name. */
  readonly #named: Set<number>;

  constructor(private readonly parts: ModuleProbesParts) {
    this.#loaded = parts.loaded;
    this.#named = new Set(parts.dropReasons.map(({ value }) => value));
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#work = this.#look().finally(() => {
        if (!this.#cancel.signal.aborted) this.start();
      });
    }, INTERVAL_MS);
  }

  /** Settles when nothing more will be attached. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#cancel.abort();
    await this.#work;
  }

  async #look(): Promise<void> {
    const now = loadedModules();
    const names = newModules(this.#loaded, now);
    this.#loaded = now;
    if (names.length === 0) return;
    const { output } = this.parts;
    try {
      output.send({ type: 'modules', names, ...(await this.#probe(names)) });
    } catch (error) {
      if (this.#cancel.signal.aborted) return;
      // The trace goes on without them.
      const reason = error instanceof Error ? error.message : String(error);
      const skipped = [{ reason, names: names.map((name) => `[${name}]`) }];
      output.send({ type: 'modules', names, functions: [], lifeCycleFunctions: 0, skipped, dropReasons: [] });
    }
    setImmediate(releaseGarbage);
  }

  async #probe(names: readonly string[]): Promise<Omit<ModulesLoaded, 'type' | 'names'>> {
    const { choice, backend, programs, drain, attached } = this.parts;
    const { signal } = this.#cancel;
    const facts = await readModuleFacts(names, signal);
    const plan = planModules(facts, choice);
    drain.stop(); // no event of a function leaves before its name
    try {
      const attachment = await attachMore({ backend, programs, plan, signal });
      attached(attachment);
      return {
        functions: attachment.functions,
        lifeCycleFunctions: attachment.lifeCycle,
        skipped: [...plan.skipped, ...attachment.skipped],
        dropReasons: this.#newlyNamed(facts.dropReasons.names),
      };
    } finally {
      if (!signal.aborted) drain.start();
    }
  }

  #newlyNamed(names: readonly DropReasonName[]): DropReasonName[] {
    const fresh = names.filter(({ value }) => !this.#named.has(value));
    for (const { value } of fresh) this.#named.add(value);
    return fresh;
  }
}
