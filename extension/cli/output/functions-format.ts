/** What the `functions` command prints: text for people, or objects that docs/json.md describes. */
import type { Counting, Plan, PlannedProbe, Role, SkippedFunctions } from '../../../common/protocol.ts';
import type { FunctionCounts } from '../../tracing/with-agent.ts';
import { JSON_SCHEMA_VERSION, jsonLine } from './json-format.ts';

/** In this order; in words. */
const ROLES: Record<Role, string> = {
  plain: 'Functions that a packet passes',
  release: 'Functions that release a packet: its life ends',
  reshape: 'Functions that may give a packet another buffer',
  copy: 'Functions that make a packet from another (its second packet)',
  merge: 'Functions that put a packet (the second one) into another',
  build: 'Functions that make a new packet',
  bystander: 'Functions without a packet, which belong to that of their caller',
};

/** Functions by what they mean, then those without a probe by reason, then how many there are. */
export function planText({ functions, skipped }: Plan): string {
  const parts = Object.entries(ROLES).flatMap(([role, title]) => {
    const rows = functions.filter((each) => each.role === role);
    return rows.length === 0 ? [] : [`${title}, ${count(rows.length)}:\n${table(sorted(rows).map(cells))}`];
  });
  return `${[...parts, ...skippedTexts(skipped), summary({ functions, skipped })].join('\n\n')}\n`;
}

/** The busiest first. */
export function countsText({ counting, counts: { hits, missed, milliseconds } }: FunctionCounts): string {
  const rows = ranked(counting.functions, hits);
  const called = rows.filter(({ calls }) => calls > 0);
  const parts = [
    ...(called.length === 0
      ? []
      : [table(called.map(({ probe, calls }) => [count(calls), ...cells(probe)]))]),
    `${count(called.length)} of ${functionsOf(rows.length)} were called within ${(milliseconds / 1000).toFixed(1)} s.`,
  ];
  if (missed > 0)
    parts.push(
      `${count(missed)} calls were not counted, of which functions is not known: the kernel was running another probe on that CPU.`,
    );
  return `${parts.join('\n')}\n`;
}

/** A line for each function, and one for all. */
export function planLines({ functions, skipped }: Plan): string {
  return lines(
    functions.map((probe) => functionObject(probe)),
    skipped,
    { counted: null, missed: null, milliseconds: null },
  );
}

export function countsLines({ counting, counts: { hits, missed, milliseconds } }: FunctionCounts): string {
  return lines(
    ranked(counting.functions, hits).map(({ probe, calls }) => functionObject(probe, calls)),
    counting.skipped,
    { counted: hits.reduce((sum, each) => sum + each, 0), missed, milliseconds },
  );
}

function lines(probed: object[], skipped: readonly SkippedFunctions[], totals: object): string {
  const others = skipped.flatMap(({ reason, names }) => names.map((name) => skippedObject(name, reason)));
  const total = {
    type: 'functions',
    schema: JSON_SCHEMA_VERSION,
    probed: probed.length,
    notProbed: others.length,
    ...totals,
  };
  return [...probed, ...others, total].map(jsonLine).join('');
}

function functionObject({ name, module, argument, role, shown }: PlannedProbe, calls?: number): object {
  return {
    type: 'function',
    function: name,
    module: module === '' ? null : module,
    argument,
    role,
    shown,
    reason: null,
    calls: calls ?? null,
  };
}

/** @param text `name`, `name [module]`, or `[module]` for all functions of one */
function skippedObject(text: string, reason: string): object {
  const [, name = '', module] = /^(.*?) ?(?:\[([^\]]*)\])?$/.exec(text) ?? [];
  return {
    type: 'function',
    function: name === '' ? null : name,
    module: module ?? null,
    argument: null,
    role: null,
    shown: false,
    reason,
    calls: null,
  };
}

function ranked(functions: readonly PlannedProbe[], hits: readonly number[]) {
  return functions
    .map((probe, index) => ({ probe, calls: hits[index] ?? 0 }))
    .sort((a, b) => b.calls - a.calls || (a.probe.name < b.probe.name ? -1 : 1));
}

function skippedTexts(skipped: readonly SkippedFunctions[]): string[] {
  return skipped.map(
    ({ reason, names }) =>
      `Not probed: ${reason}, ${count(names.length)}:\n${names.map((name) => `  ${name}`).join('\n')}`,
  );
}

function summary({ functions, skipped }: Pick<Counting, 'functions' | 'skipped'>): string {
  const shown = functions.filter((each) => each.shown).length;
  const others = skipped.reduce((sum, { names }) => sum + names.length, 0);
  return `${functionsOf(functions.length)} probed, ${count(shown)} of them shown as steps; ${functionsOf(others)} not probed.`;
}

function functionsOf(number: number): string {
  return `${count(number)} ${number === 1 ? 'function' : 'functions'}`;
}

/** Name with its module, place of the packet, and what is special. */
function cells({ name, module, argument, shown }: PlannedProbe): string[] {
  return [
    module === '' ? name : `${name} [${module}]`,
    argument === 0 ? '' : `argument ${argument}`,
    shown ? '' : 'not shown as a step',
  ];
}

function sorted(probes: readonly PlannedProbe[]): PlannedProbe[] {
  return [...probes].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

/** Columns as wide as need be; numbers, which come first if at all, end together. */
function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) =>
    /^[\d,]+$/.test(text) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join('  ')}`.trimEnd()).join('\n');
}

function count(number: number): string {
  return number.toLocaleString('en');
}
