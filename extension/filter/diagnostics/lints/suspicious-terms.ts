/** Terms that are valid and often mean something else than was meant. */
import type { NameTables } from '../../libpcap/names.ts';
import { replaced, without } from '../edits.ts';
import { joinedParts, operandsOf, termsOf, type LogicTree, type Term } from '../logic-tree.ts';
import type { Lint } from './lint.ts';

interface SuspiciousTerm {
  code: string;
  message: string;
  /** What to write in its place. */
  better: string;
}

export function suspiciousTerms(text: string, tree: LogicTree, names: NameTables): Lint[] {
  const terms = termsOf(tree);
  const found = terms.flatMap((term): Lint[] => {
    const suspicious =
      numberAsHost(term) ?? networkWithoutMask(term) ?? oneTransport(term, names) ?? tagByType(term);
    if (suspicious === undefined) return [];
    const { code, message, better } = suspicious;
    const { start, end } = term;
    return [{ start, end, severity: 'warning', code, message, repairs: [replaced(text, term, better)] }];
  });
  return [...found, ...fragments(terms), ...duplicates(text, tree)];
}

/** `host 80`, `host 10.1`: libpcap reads a short address. */
function numberAsHost({ source }: Term): SuspiciousTerm | undefined {
  const [, number] = /\bhost\s+(\d+)$/.exec(source) ?? [];
  const [, partial] = /\bhost\s+(\d+(?:\.\d+){1,2})$/.exec(source) ?? [];
  if (number !== undefined) {
    const value = Number(number);
    const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
    return {
      code: 'short-address',
      message: `This is the address ${address}, not a port.`,
      better: source.replace(/\bhost(?=\s+\d+$)/, 'port'),
    };
  }
  if (partial === undefined) return undefined;
  return {
    code: 'short-address',
    message: `A short address stands for a whole network: every host of ${partial}.*.`,
    better: source.replace(/\bhost(?=\s)/, 'net'),
  };
}

/** `net 10.0.0.0`: four numbers are one address. */
function networkWithoutMask({ source }: Term): SuspiciousTerm | undefined {
  const [, address] = /\bnet\s+(\d+\.\d+\.\d+\.0)$/.exec(source) ?? [];
  if (address === undefined) return undefined;
  const bits = 32 - (8 * (/(?:\.0)+$/.exec(address)?.[0].length ?? 0)) / 2;
  return {
    code: 'no-mask',
    message: `Without a mask this is the single address ${address}.`,
    better: `${source}/${bits}`,
  };
}

/** `port http`: the name of a port of one transport makes it a test of this transport. */
function oneTransport({ source }: Term, { tcp, udp }: NameTables): SuspiciousTerm | undefined {
  const [, name] =
    /^(?:(?:src|dst)\s+(?:(?:or|and)\s+(?:src|dst)\s+)?)?port\s+\\?([a-z][\w.+-]*)$/i.exec(source) ?? [];
  if (name === undefined || Object.hasOwn(tcp, name) === Object.hasOwn(udp, name)) return undefined;
  const [has, table, lacks] = Object.hasOwn(tcp, name)
    ? (['tcp', tcp, 'udp'] as const)
    : (['udp', udp, 'tcp'] as const);
  return {
    code: 'one-transport',
    message: `"${name}" is the name of a port of ${has} only: ${lacks} packets of port ${table[name]} do not match.`,
    better: source.replace(/\S+$/, String(table[name])),
  };
}

/** `ether proto 0x8100`: a tag that the kernel holds outside the packet has no type in it. */
function tagByType({ source }: Term): SuspiciousTerm | undefined {
  if (
    !/^ether\s+proto\s+0x(?:8100|88a8|9100)$/i.test(source) &&
    !/^ether\[12:2\]\s*==?\s*0x(?:8100|88a8|9100)$/i.test(source)
  )
    return undefined;
  return {
    code: 'tag-outside',
    message: 'The kernel mostly holds a VLAN tag outside the packet, where this does not look; "vlan" does.',
    better: 'vlan',
  };
}

/** Said once, and not of TCP, which avoids fragments. */
function fragments(terms: readonly Term[]): Lint[] {
  const term = terms.find(({ source }) => /(?:^|\s)port(?:range)?\s/.test(source));
  if (term === undefined || terms.some(({ source }) => /^tcp\b/.test(source))) return [];
  return [
    {
      start: term.start,
      end: term.end,
      severity: 'information',
      code: 'fragments',
      message: 'Of a fragmented packet only the first fragment has ports and can match.',
    },
  ];
}

/** `tcp or udp or tcp` */
function duplicates(text: string, tree: LogicTree): Lint[] {
  return joinedParts(tree)
    .filter(({ kind, left, right }) => operandsOf(left, kind).some(({ source }) => source === right.source))
    .map(({ operator, right: { start, end } }) => ({
      start,
      end,
      severity: 'information',
      code: 'redundant',
      message: 'This was said before.',
      repairs: [without(text, { start: operator.start, end })],
    }));
}
