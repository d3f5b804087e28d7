/** What `filter check` prints of one filter. docs/json.md describes the fields. */
import type { CbpfInstruction } from '../../../common/protocol.ts';
import type { CompileResult, LinkType } from '../../filter/libpcap/compile.ts';
import type { FilterDiagnostic } from '../../filter/diagnostics/diagnostic.ts';
import { applyEdits } from '../../filter/diagnostics/edits.ts';
import type { FilterInspection } from '../../filter/filter-compiler.ts';
import type { TextRange } from '../../filter/libpcap/syntax.ts';
import { JSON_SCHEMA_VERSION } from './json-format.ts';

/** libpcap's answer for one link type. */
interface LinkCheck {
  link: LinkType;
  ok: boolean;
  /** libpcap's words; empty where it accepts. */
  message: string;
  /** UTF-16 code units; null where it accepts, or where the filter as a whole is meant. */
  range: TextRange | null;
  instructions: readonly CbpfInstruction[] | null;
}

/** The fields of LinkCheck are those of the first link type that accepts, else of the first. */
export interface FilterCheck extends LinkCheck {
  type: 'verdict';
  schema: typeof JSON_SCHEMA_VERSION;
  filter: string;
  diagnostics: FilterDiagnostic[];
  /** One entry, or two when no link type was asked for. */
  links: LinkCheck[];
}

export function filterCheckObject(
  filter: string,
  link: LinkType | undefined,
  { results, diagnostics }: FilterInspection,
): FilterCheck {
  const asked = link === undefined ? (['EN10MB', 'RAW'] as const) : ([link] as const);
  const links = asked.map((one) => linkCheck(one, results[one], diagnostics));
  const [first] = links;
  const main = links.find(({ ok }) => ok) ?? first;
  if (main === undefined) throw new TypeError('no link type');
  return { type: 'verdict', schema: JSON_SCHEMA_VERSION, filter, ...main, diagnostics, links };
}

/** Diagnostics that tell where libpcap refuses the whole filter. */
const WHOLE = ['contradiction', 'never-on-link-type'];

function linkCheck(
  link: LinkType,
  result: CompileResult,
  diagnostics: readonly FilterDiagnostic[],
): LinkCheck {
  if (result.ok) return { link, ok: true, message: '', range: null, instructions: result.instructions };
  const whole = diagnostics.find(({ code }) => WHOLE.includes(code));
  const range = result.range ?? (whole === undefined ? null : { start: whole.start, end: whole.end });
  return { link, ok: false, message: result.message, range, instructions: null };
}

/** The filter with the verdict of each link type, and its diagnostics with a line that points at their place. */
export function filterCheckText({ filter, links, diagnostics }: FilterCheck): string {
  const verdicts = links.map(({ link, ok, message, instructions }) => {
    return `${link.padEnd(6)}  ${ok ? `valid, ${instructions?.length} instructions` : `refused: ${message}`}\n`;
  });
  return `${filter === '' ? '(empty filter: every packet)' : oneLine(filter)}\n${verdicts.join('')}${diagnostics.map((one) => diagnosticText(filter, one)).join('')}`;
}

function diagnosticText(filter: string, { start, end, severity, message, fixes }: FilterDiagnostic): string {
  const marker =
    ' '.repeat(columns(filter.slice(0, start))) + '^'.padEnd(columns(filter.slice(start, end)), '~');
  const repairs = fixes.map(({ title, edits }) => `  fix: ${title}: ${oneLine(applyEdits(filter, edits))}\n`);
  return `\n${oneLine(filter)}\n${marker}\n${severity}: ${message}\n${repairs.join('')}`;
}

function oneLine(text: string): string {
  return text.replace(/\s/g, ' ');
}

/** Code points: wide and combining characters have no place in a filter. */
function columns(text: string): number {
  return [...text].length;
}
