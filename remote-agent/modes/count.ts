/** Counts the calls of functions with a packet for a while: which are busy, to choose a pattern from. */
import { attachFunctions } from '../attach/attach.ts';
import type { Attachment } from '../attach/attachment.ts';
import { chooseBackend } from '../attach/backend.ts';
import type { PlannedFunction, ProbePlan } from '../plan/plan.ts';
import { describePlanned } from '../plan/role.ts';
import { type CountingBackend, CountProgram } from '../programs/count-program.ts';
import { kernelAddressOf, type KernelAddress } from '../../common/kernel-address.ts';
import type { Backend, Counting, Counts } from '../../common/protocol.ts';

export interface CountOptions {
  backend: Backend | 'auto';
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
}

export class FunctionCounts {
  private constructor(
    /** What is counted, and what is not. */
    readonly counting: Counting,
    private readonly program: CountProgram,
    private readonly attachment: Attachment,
    private readonly since: number,
  ) {}

  /**
   * Counts from when it settles.
   * @throws AgentFailure: `no-privilege`, `load`, `attach`; AbortError when cancelled. Nothing is attached then.
   */
  static async start(
    plan: ProbePlan,
    { backend: wanted, signal, onProgress }: CountOptions,
  ): Promise<FunctionCounts> {
    // A program that only counts is short whatever runs it.
    const backend = countingBackend(chooseBackend(wanted));
    const asked = forOneProgram(plan);
    const total = asked.functions.length;
    const program = new CountProgram(backend, total);
    try {
      const attachment = await attachFunctions(backend, asked, {
        signal,
        program: () => program.program,
        onProgress: (done) => {
          onProgress(done, total);
        },
      });
      const { functions, skipped } = attachment;
      program.count(functions.map(({ address }) => address));
      const counting: Counting = {
        type: 'counting',
        backend,
        functions: functions.map(({ address, name, module, argument }) => ({
          ...describePlanned(plannedAt(plan.functions, address)),
          ...{ name, module, argument }, // another function may have the same code
        })),
        skipped: [...plan.skipped, ...skipped],
      };
      return new FunctionCounts(counting, program, attachment, performance.now());
    } catch (error) {
      program.close();
      throw error;
    }
  }

  /** Ends it. */
  async stop(): Promise<Counts> {
    const milliseconds = Math.round(performance.now() - this.since);
    const hits = this.attachment.functions.map(({ address }) => this.program.hits(address));
    const missed = this.program.missed() + (this.attachment.missed?.() ?? 0);
    await this.detach();
    return { type: 'counts', hits, missed, milliseconds };
  }

  async detach(): Promise<void> {
    await this.attachment.detach();
    this.program.close();
  }
}

function countingBackend(backend: Backend): CountingBackend {
  return backend === 'fentry-multi' ? 'kprobe-multi' : backend;
}

/** What would be shown; one link or event has room for all of it. */
function forOneProgram({ functions }: ProbePlan): Pick<ProbePlan, 'functions'> {
  return {
    functions: functions.filter(({ quiet }) => quiet !== true).map((planned) => ({ ...planned, program: 0 })),
  };
}

/** The function whose probe stands at an address, which may be some bytes behind its own. @param functions by address */
export function plannedAt(functions: readonly PlannedFunction[], address: KernelAddress): PlannedFunction {
  let low = 0;
  let high = functions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (kernelAddressOf(functions[middle]?.address ?? 0n) <= address) low = middle;
    else high = middle - 1;
  }
  const found = functions[low];
  if (found === undefined) throw new RangeError('a probe stands at no function of the plan');
  return found;
}
