/** Which functions to probe and why not the others: from facts alone. */
import { Program } from '../../common/layouts.ts';
import { programOf } from './life-cycle.ts';
import { type SkbFunction, SkbProblem } from './skb-functions.ts';
import { Skipped } from './skipped.ts';
import type { FunctionSymbol } from '../kernel/kallsyms.ts';
import type { SkippedFunctions } from '../../common/protocol.ts';
import type { AddressRange, TraceableFunction } from '../kernel/tracefs.ts';

export interface PlannedFunction {
  /** Of its symbol. */
  address: bigint;
  /** With the compiler's suffixes, as the kernel names it. */
  name: string;
  /** Empty for vmlinux. */
  module: string;
  /** Position of the packet among the parameters; 0: it has none. */
  argument: 0 | 1 | 2 | 3 | 4 | 5;
  /** What it means for the packet's life: enum program of bpf/program.h. */
  program: number;
  /** It ends or links lives only: it was not asked for, or there is no packet yet when it is called. */
  quiet?: true;
  /** Where in the function ftrace's call is; absent where the kernel does not tell (before 6.5). */
  location?: bigint;
  /** Of its type in the BTF of vmlinux or its module, by which alone the kernel finds it too. */
  btfId?: number;
}

/** In order of address. */
export interface ProbePlan {
  functions: PlannedFunction[];
  skipped: SkippedFunctions[];
}

/**
 * What TRACE_EVENT makes (include/trace/stages, include/linux/tracepoint.h): with our own program on a
 * tracepoint some of these would show up in every packet's path.
 */
const TRACEPOINT_CODE = /^(__traceiter_|__probestub_|__bpf_trace_|trace_event_raw_event_|perf_trace_)/;

export interface PlanFacts {
  /** Functions with a packet, those that were chosen only. */
  functions: readonly SkbFunction[];
  symbols: readonly FunctionSymbol[];
  /** null: the kernel does not tell what ftrace can trace. */
  traceable: readonly TraceableFunction[] | null;
  blacklist: readonly AddressRange[];
  modulesWithoutBtf: readonly string[];
  /** Whether a function is to be seen, by its name in the source; the others only end or link lives. */
  isAsked: (name: string, module: string) => boolean;
}

export const SkipReason = {
  ...SkbProblem,
  Conflict: 'several functions of this name, with the packet in different places',
  NoSymbol: 'no code of its own (inlined everywhere)',
  NotTraceable: 'the kernel excludes it from tracing (notrace)',
  UnclearTraceable: 'several functions of this name, of which the kernel traces only some',
  Blacklisted: 'on the kernel’s kprobe blacklist',
  Tracing: 'part of the tracing itself: it runs for a tracepoint, not for the packet',
  NoModuleBtf: 'all functions of a module without type information (BTF)',
} as const;
export type SkipReason = (typeof SkipReason)[keyof typeof SkipReason];

/**
 * ftrace's call stands at the function's symbol, or after an `endbr64` or what arm64 has in its place; with
 * arm64's CALL_OPS, two instructions and more.
 */
const MAX_ENTRY_BYTES = 32n;

export function makePlan(facts: PlanFacts): ProbePlan {
  const skipped = new Skipped<SkipReason>();
  const symbolsOf = groupBy(facts.symbols, (symbol) => key(symbol.module, symbol.source));
  const traceableOf = groupBy(facts.traceable ?? [], (entry) => key(entry.module, entry.name));
  const functions: PlannedFunction[] = [];

  for (const same of groupBy(facts.functions, (entry) => key(entry.module, entry.name)).values()) {
    const [first] = same;
    if (first === undefined) continue;
    const asked = facts.isAsked(first.name, first.module);
    // What nobody asked for is not missing either.
    const skip = (reason: SkipReason, name: string) => {
      if (asked) skipped.add(reason, name);
    };
    const label = qualified(first.name, first.module);
    const problem = TRACEPOINT_CODE.test(first.name)
      ? SkipReason.Tracing
      : same.some((entry) => entry.argument !== first.argument)
        ? SkipReason.Conflict
        : first.problem;
    if (problem !== undefined) {
      skip(problem, label);
      continue;
    }
    const symbols = symbolsOf.get(key(first.module, first.name)) ?? [];
    if (symbols.length === 0) skip(SkipReason.NoSymbol, label);
    const program = programOf(first.name, first.argument, asked);
    if (program === undefined) continue;
    for (const variants of groupBy(symbols, (symbol) => symbol.name).values()) {
      const traceable = traceableOf.get(key(first.module, variants[0]?.name ?? '')) ?? [];
      for (const symbol of variants) {
        const verdict = facts.traceable === null ? {} : judge(symbol, variants.length, traceable);
        const name = qualified(symbol.name, symbol.module);
        if (typeof verdict === 'string') skip(verdict, name);
        else if (isBlacklisted(symbol.address, facts.blacklist)) skip(SkipReason.Blacklisted, name);
        else
          functions.push({
            address: symbol.address,
            name: symbol.name,
            module: symbol.module,
            argument: first.argument as PlannedFunction['argument'],
            program,
            ...((!asked || program === Program.Build) && { quiet: true }),
            ...verdict,
            // By the type the kernel looks for a symbol of its name, and takes the first.
            ...(first.id !== undefined &&
              same.length === 1 &&
              symbols.length === 1 &&
              symbol.name === first.name && { btfId: first.id }),
          });
      }
    }
  }
  for (const name of facts.modulesWithoutBtf) skipped.add(SkipReason.NoModuleBtf, `[${name}]`);

  functions.sort((a, b) => (a.address < b.address ? -1 : Number(a.address > b.address)));
  return {
    functions,
    skipped: skipped.list().map(({ reason, names }) => ({ reason, names: names.sort() })),
  };
}

/** Whether ftrace has a call in this one of `count` symbols of the same name. */
function judge(
  symbol: FunctionSymbol,
  count: number,
  traceable: readonly TraceableFunction[],
): SkipReason | { location?: bigint } {
  if (traceable.length === 0) return SkipReason.NotTraceable;
  if (traceable[0]?.location === undefined)
    return traceable.length >= count ? {} : SkipReason.UnclearTraceable;
  for (const { location } of traceable)
    if (location !== undefined && location >= symbol.address && location < symbol.address + MAX_ENTRY_BYTES)
      return { location };
  return SkipReason.NotTraceable;
}

function isBlacklisted(address: bigint, ranges: readonly AddressRange[]): boolean {
  return ranges.some(({ start, end }) => address >= start && address < end);
}

function qualified(name: string, module: string): string {
  return module === '' ? name : `${name} [${module}]`;
}

function key(module: string, name: string): string {
  return `${name} [${module}]`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = keyOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
