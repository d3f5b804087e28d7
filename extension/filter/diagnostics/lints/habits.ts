/** Terms that are valid and often mean something else than was meant. */
import type { NameTables } from '../../libpcap/names.ts';
import type { FilterDiagnostic } from '../diagnostic.ts';
import { fix } from '../edits.ts';
import { operandsOf, partsOf, termsOf, type Outline, type Term } from '../logic-tree.ts';
import { replaced, without } from '../problem.ts';
import type { Trials } from '../compile-cache.ts';

interface Habit {
  severity: 'warning' | 'information';
  code: string;
  message: string;
  /** What to write in place of the term. */
  better?: string;
}

export function habits(text: string, outline: Outline, trials: Trials): FilterDiagnostic[] {
  const { names } = trials.library;
  const terms = termsOf(outline);
  const found = terms.flatMap((term) => {
    const habit =
      numberAsHost(term) ?? networkWithoutMask(term) ?? oneTransport(term, names) ?? tagByType(term);
    return habit === undefined ? [] : [diagnosticOf(text, term, habit, trials)];
  });
  return [...found, ...fragments(terms), ...duplicates(text, outline, trials)];
}

function diagnosticOf(
  text: string,
  term: Term,
  { severity, code, message, better }: Habit,
  trials: Trials,
): FilterDiagnostic {
  const repair = better === undefined ? undefined : replaced(text, term, better);
  const fixes = repair !== undefined && trials.accepts(repair) ? [fix(text, repair, true)] : [];
  return { start: term.start, end: term.end, severity, code, message, fixes };
}

/** `host 80`, `host 10.1`: libpcap reads a short address. */
function numberAsHost({ source }: Term): Habit | undefined {
  const [, number] = /\bhost\s+(\d+)$/.exec(source) ?? [];
  const [, partial] = /\bhost\s+(\d+(?:\.\d+){1,2})$/.exec(source) ?? [];
  if (number !== undefined) {
    const value = Number(number);
    const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
    const message = `This is the address ${address}, not a port.`;
    return {
      severity: 'warning',
      code: 'short-address',
      message,
      better: source.replace(/\bhost(?=\s+\d+$)/, 'port'),
    };
  }
  if (partial === undefined) return undefined;
  const message = `A short address stands for a whole network: every host of ${partial}.*.`;
  return {
    severity: 'warning',
    code: 'short-address',
    message,
    better: source.replace(/\bhost(?=\s)/, 'net'),
  };
}

/** `net 10.0.0.0`: four numbers are one address. */
function networkWithoutMask({ source }: Term): Habit | undefined {
  const [, address] = /\bnet\s+(\d+\.\d+\.\d+\.0)$/.exec(source) ?? [];
  if (address === undefined) return undefined;
  const bits = 32 - (8 * (/(?:\.0)+$/.exec(address)?.[0].length ?? 0)) / 2;
  return {
    severity: 'warning',
    code: 'no-mask',
    message: `Without a mask this is the single address ${address}.`,
    better: `${source}/${bits}`,
  };
}

/** `port http`: the name of a port of one transport makes it a test of this transport. */
function oneTransport({ source }: Term, { tcp, udp }: NameTables): Habit | undefined {
  const [, name] =
    /^(?:(?:src|dst)\s+(?:(?:or|and)\s+(?:src|dst)\s+)?)?port\s+\\?([a-z][\w.+-]*)$/i.exec(source) ?? [];
  if (name === undefined || Object.hasOwn(tcp, name) === Object.hasOwn(udp, name)) return undefined;
  const [has, table, lacks] = Object.hasOwn(tcp, name)
    ? (['tcp', tcp, 'udp'] as const)
    : (['udp', udp, 'tcp'] as const);
  return {
    severity: 'warning',
    code: 'one-transport',
    message: `"${name}" is the name of a port of ${has} only: ${lacks} packets of port ${table[name]} do not match.`,
    better: source.replace(/\S+$/, String(table[name])),
  };
}

/** `ether proto 0x8100`: a tag that the kernel holds outside the packet has no type in it. */
function tagByType({ source }: Term): Habit | undefined {
  if (
    !/^ether\s+proto\s+0x(?:8100|88a8|9100)$/i.test(source) &&
    !/^ether\[12:2\]\s*==?\s*0x(?:8100|88a8|9100)$/i.test(source)
  )
    return undefined;
  return {
    severity: 'warning',
    code: 'tag-outside',
    message: 'The kernel mostly holds a VLAN tag outside the packet, where this does not look; "vlan" does.',
    better: 'vlan',
  };
}

/** Said once, and not of TCP, which avoids fragments. */
function fragments(terms: readonly Term[]): FilterDiagnostic[] {
  const term = terms.find(({ source }) => /(?:^|\s)port(?:range)?\s/.test(source));
  if (term === undefined || terms.some(({ source }) => /^tcp\b/.test(source))) return [];
  return [
    {
      start: term.start,
      end: term.end,
      severity: 'information',
      code: 'fragments',
      message: 'Of a fragmented packet only the first fragment has ports and can match.',
      fixes: [],
    },
  ];
}

/** `tcp or udp or tcp` */
function duplicates(text: string, outline: Outline, trials: Trials): FilterDiagnostic[] {
  const found: FilterDiagnostic[] = [];
  for (const part of partsOf(outline)) {
    if (part.kind !== 'and' && part.kind !== 'or') continue;
    const earlier = operandsOf(part.left, part.kind);
    if (!earlier.some(({ source }) => source === part.right.source)) continue;
    const repair = without(text, { start: part.operator.start, end: part.right.end });
    found.push({
      start: part.right.start,
      end: part.right.end,
      severity: 'information',
      code: 'redundant',
      message: 'This was said before.',
      fixes: trials.accepts(repair) ? [fix(text, repair, true)] : [],
    });
  }
  return found;
}
