/**
 * Functions without a packet that were named to be probed: each belongs to the packet of the function that called it
 * (bpf/bystander.h).
 */
import { AgentFailure } from '../../common/errors.ts';
import { Program } from '../../common/layouts.ts';
import { functionSymbols, readKallsyms } from '../kernel/kallsyms.ts';
import { readKprobeBlacklist, readTraceable, tracefsRoot } from '../kernel/tracefs.ts';
import { makePlan, type PlanFacts, type ProbePlan } from './policy.ts';

/**
 * Adds them to a plan; without any it stays as it is.
 * @param names whole names, as in the source
 * @param facts with the functions that have a packet
 * @throws AgentFailure `no-function` where one is not there or has a packet itself, `no-privilege`, `attach`;
 *   AbortError when cancelled
 */
export async function addBystanders(
  plan: ProbePlan,
  names: readonly string[],
  { functions }: Pick<PlanFacts, 'functions'>,
  signal?: AbortSignal,
): Promise<ProbePlan> {
  if (names.length === 0) return plan;
  refuseArchitecture();
  const withPacket = names.find((name) => functions.some((each) => each.name === name));
  if (withPacket !== undefined)
    throw new AgentFailure(
      'no-function',
      `The function ${withPacket} takes a packet itself.`,
      'It is probed without being named; "--filter-func" chooses among those with a packet.',
    );
  const symbols = functionSymbols(await readKallsyms(signal), names);
  const lacking = names.find((name) => !symbols.some(({ source }) => source === name));
  if (lacking !== undefined)
    throw new AgentFailure(
      'no-function',
      `The target’s kernel has no function ${lacking} with code of its own.`,
      'Names are those of /proc/kallsyms on the target; a function that is inlined everywhere cannot be probed.',
    );
  const traceable = await readTraceable(tracefsRoot(), [...new Set(symbols.map(({ name }) => name))], signal);
  const added = planBystanders({ symbols, traceable, blacklist: readKprobeBlacklist() });
  return {
    functions: [...plan.functions, ...added.functions].sort((a, b) => Number(a.address - b.address)),
    skipped: [...plan.skipped, ...added.skipped],
  };
}

/** Why those are not probed that the programs of a trace call themselves: it would trace itself. */
const OWN = 'the programs of the trace call it too';

/**
 * Adds functions that BPF programs call. Those with a packet of their own are in the plan already, if they were asked for.
 * @throws AgentFailure `no-privilege`, `attach`; AbortError when cancelled
 */
export async function addCalled(
  plan: ProbePlan,
  { called, own }: { called: readonly string[]; own: readonly string[] },
  facts: Pick<PlanFacts, 'functions'>,
  signal?: AbortSignal,
): Promise<ProbePlan> {
  refuseArchitecture();
  const known = new Set([...facts.functions, ...plan.functions].map(({ name }) => name));
  const isNew = (name: string) => !known.has(name);
  const { functions, skipped } = await addBystanders(plan, called.filter(isNew), facts, signal);
  const left = own.filter(isNew);
  return { functions, skipped: left.length === 0 ? skipped : [...skipped, { reason: OWN, names: left }] };
}

/** All functions of these symbols that can be probed, whatever they take. */
export function planBystanders(facts: Pick<PlanFacts, 'symbols' | 'traceable' | 'blacklist'>): ProbePlan {
  const named = new Map(
    facts.symbols.map(({ source, module }) => [`${source} ${module}`, { source, module }]),
  );
  const { functions, skipped } = makePlan({
    ...facts,
    functions: [...named.values()].map(({ source, module }) => ({ name: source, module, argument: 1 })),
    modulesWithoutBtf: [],
    isAsked: () => true,
  });
  return {
    functions: functions.map(({ quiet: _, ...planned }) => ({
      ...planned,
      argument: 0,
      program: Program.Bystander,
    })),
    skipped,
  };
}

/** Elsewhere a return address is not on the stack yet when a function begins. */
function refuseArchitecture(arch: string = process.arch): void {
  if (arch === 'x64') return;
  throw new AgentFailure(
    'attach',
    `Functions without a packet cannot be told whose packet they work for on ${arch}.`,
    'Leave "--filter-non-skb-funcs" and "--filter-track-bpf-helpers" out; they are for x86-64 targets.',
  );
}
