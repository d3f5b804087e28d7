/** What can be typed next, by the place in the grammar. */
import { headerOf } from './fields.ts';
import { tokenize } from './lexer.ts';
import { etherProtocols, protocolNumberText, type NameLookup } from './name-lookup.ts';
import { positionsOf, type Head, type Position } from './position.ts';
import { operandWords } from './words/primitives.ts';
import { vocabulary, wordOf } from './words/vocabulary.ts';
import type { WordKind } from './words/word.ts';

export interface Completion {
  /** What is inserted in place of the word before the cursor. */
  text: string;
  kind: WordKind | 'service' | 'number' | 'operator' | 'operand';
  /** A few words beside it. */
  detail: string;
  /** Sentences, where there is more to say. */
  says: string;
}

export interface Completions {
  /** Where the word before the cursor begins. */
  start: number;
  items: Completion[];
}

/** Qualifiers and tests of most filters, offered before the others. */
const frequent = ['host', 'net', 'port', 'src', 'dst', 'tcp', 'udp', 'icmp', 'ip', 'ip6', 'arp', 'not'];

/** The same for ports; the others follow by number. */
const frequentServices = [
  'http',
  'https',
  'domain',
  'ssh',
  'ntp',
  'smtp',
  'bootps',
  'bootpc',
  'snmp',
  'ldap',
];

/** @param comments as for {@link tokenize} */
export function completionsAt(
  text: string,
  offset: number,
  names: NameLookup,
  options: { comments: boolean } = { comments: false },
): Completions {
  const before = text.slice(0, offset);
  const start = offset - (/\\?[-_.A-Za-z0-9]*$/.exec(before)?.[0].length ?? 0);
  const tokens = tokenize(before.slice(0, start), options);
  const last = tokens.at(-1);
  if (last?.kind === 'comment' && !before.slice(last.end, start).includes('\n')) return { start, items: [] };
  const positions = positionsOf(tokens.filter(({ kind }) => kind !== 'comment'));
  const position = positions.at(-1) ?? { at: 'test', head: {} };
  const typed = before.slice(start);
  const items = /^\d+$/.test(typed) ? numbersAt(position, typed, names) : itemsAt(position, names);
  return { start, items: unique(items) };
}

/**
 * For a port that is being typed as a number: the number itself first, then longer ones that have a name. No
 * names: "port http" is TCP only, and pressing Enter must not change what a filter means.
 */
function numbersAt(position: Position, typed: string, names: NameLookup): Completion[] {
  const port = 'head' in position && position.head.type === 'port';
  if (!port) return itemsAt(position, names);
  const known = services(position.head.protocol, names).filter(({ detail }) => detail.startsWith(typed));
  const items = known.map(({ text, detail }) => {
    const [number = '', ...transports] = detail.split(' ');
    return plain(number, 'number', `${text} ${transports.join(' ')}`);
  });
  const exact = items.find(({ text }) => text === typed);
  return [exact ?? plain(typed, 'number'), ...items];
}

function itemsAt(position: Position, names: NameLookup): Completion[] {
  switch (position.at) {
    case 'test':
      return [...testStarts(), ...idsOf(position.head, names)];
    case 'qualified':
      return [...qualifiersAfter(position.head), ...(position.head.direction === undefined ? joints() : [])];
    case 'other-direction':
      return words(['src', 'dst'].filter((word) => word !== position.head.direction));
    case 'id':
      return idsOf(position.head, names);
    case 'operand':
      return (operandWords[position.operand] ?? []).map((text) => plain(text, 'operand'));
    case 'end':
      return [...joints(), ...(position.maskable ? words(['mask']) : [])];
    case 'offset':
      return offsetsOf(position.protocol);
    case 'size':
      return [1, 2, 4].map((size) => number(size, size === 1 ? 'one byte' : `${size} bytes`));
    case 'operator':
      return operators(position.inBrackets);
    case 'value':
      return valuesFor(position);
  }
}

function words(texts: readonly string[]): Completion[] {
  return texts.flatMap((text) => {
    const word = wordOf(text);
    return word === undefined
      ? []
      : [{ text, kind: word.kind, detail: kindNames[word.kind], says: word.says }];
  });
}

const kindNames: Record<WordKind, string> = {
  direction: 'direction',
  type: 'qualifier',
  protocol: 'protocol',
  primitive: 'test',
  logical: '',
  length: 'number',
  offset: 'field',
  value: 'value',
};

function plain(text: string, kind: Completion['kind'], detail = ''): Completion {
  return { text, kind, detail, says: '' };
}

function number(value: number, detail: string): Completion {
  return plain(String(value), 'number', detail);
}

function wordsOfKind(...kinds: WordKind[]): string[] {
  return Object.entries(vocabulary)
    .filter(
      ([, word]) => kinds.includes(word.kind) && word.foreign === undefined && word.aliasOf === undefined,
    )
    .map(([text]) => text);
}

function testStarts(): Completion[] {
  const others = wordsOfKind('direction', 'type', 'protocol', 'primitive', 'length');
  return words([...frequent, ...others.filter((word) => !frequent.includes(word) && word !== 'mask')]);
}

const joints = () => words(['and', 'or']);

const transports = ['tcp', 'udp', 'sctp'];
const networks = ['ip', 'ip6', 'arp', 'rarp', 'ether'];

/** What fits between the qualifiers so far and an address, port or protocol. */
function qualifiersAfter({ protocol, direction }: Head): Completion[] {
  const list: string[] = direction === undefined ? ['src', 'dst'] : [];
  if (protocol === undefined || networks.includes(protocol)) list.push('host');
  if (protocol === undefined || (networks.includes(protocol) && protocol !== 'ether')) list.push('net');
  if (protocol === undefined || transports.includes(protocol)) list.push('port', 'portrange');
  if (direction === undefined && (protocol === 'ip' || protocol === 'ip6')) list.push('proto', 'protochain');
  if (direction === undefined && protocol === 'ether') list.push('proto', 'broadcast', 'multicast');
  if (direction === undefined && protocol === 'ip') list.push('broadcast', 'multicast');
  if (direction === undefined && protocol === 'ip6') list.push('multicast');
  if (protocol === undefined || direction !== undefined) return words(list);
  if (headerOf(protocol) === undefined) return words(list);
  return [...words(list), plain('[', 'operator', 'bytes of its header')];
}

function idsOf({ protocol, type }: Head, names: NameLookup): Completion[] {
  if (type === 'port' || type === 'portrange') return services(protocol, names);
  if (type === 'proto' || type === 'protochain') return protocols(protocol, names);
  return [];
}

function services(protocol: string | undefined, names: NameLookup): Completion[] {
  const wanted = protocol === 'tcp' || protocol === 'udp' ? [protocol] : ['tcp', 'udp'];
  const rank = (name: string) =>
    frequentServices.includes(name) ? frequentServices.indexOf(name) : Infinity;
  return names.services
    .filter(({ transports: has }) => has.some((transport) => wanted.includes(transport)))
    .sort((one, other) => rank(one.name) - rank(other.name) || one.port - other.port)
    .map(({ name, port, transports: has }) => {
      const shown = has.map((transport) => transport.toUpperCase()).join(', ');
      return plain(escaped(name), 'service', `${port} (${shown})`);
    });
}

function protocols(protocol: string | undefined, names: NameLookup): Completion[] {
  const family = protocol === 'ether' ? 'ether' : 'ip';
  const list = family === 'ether' ? Object.entries(etherProtocols) : names.ipProtocols;
  return list.map(([name, value]) => ({
    text: escaped(name),
    kind: 'protocol',
    detail: protocolNumberText(value, family),
    says: wordOf(name)?.says ?? '',
  }));
}

/** A name that is a word of the language needs a backslash. */
function escaped(name: string): string {
  return wordOf(name) === undefined ? name : `\\${name}`;
}

function offsetsOf(protocol: string): Completion[] {
  const named = Object.entries(vocabulary)
    .filter(([, word]) => word.kind === 'offset' && word.protocol === protocol)
    .map(([text, word]): Completion => {
      return { text, kind: 'offset', detail: `offset ${word.number}, 1 byte`, says: word.says };
    });
  const fields = headerOf(protocol)?.fields ?? [];
  return [
    ...named,
    ...fields.map((field): Completion => {
      const readable = field.size === 2 || field.size === 4;
      const text = readable ? `${field.offset}:${field.size}` : String(field.offset);
      return plain(text, 'number', field.name);
    }),
  ];
}

function operators(inBrackets: boolean): Completion[] {
  const operator = (text: string, detail: string) => plain(text, 'operator', detail);
  if (inBrackets) return [operator(':', 'number of bytes: 1, 2 or 4')];
  return [
    operator('=', 'equal'),
    operator('!=', 'not equal'),
    operator('>', 'greater'),
    operator('<', 'less'),
    operator('&', 'these bits only'),
  ];
}

/** Names for what the field before the operator holds. */
function valuesFor({ access, operator }: Extract<Position, { at: 'value' }>): Completion[] {
  if (access?.offset === undefined) return words(['len']);
  const field = headerOf(access.protocol)?.fields.find(({ offset }) => offset === access.offset);
  const fieldNamed = Object.values(vocabulary).some(
    ({ kind, protocol, number: at }) =>
      kind === 'offset' && protocol === access.protocol && at === access.offset,
  );
  const isCode = field?.name === 'code';
  const named =
    fieldNamed && !isCode
      ? Object.entries(vocabulary).filter(
          ([, { kind, protocol }]) => kind === 'value' && protocol === access.protocol,
        )
      : [];
  const byName = words(named.map(([text]) => text));
  if (field?.parts !== undefined && operator !== '&') byName.unshift(number(0, 'none of these bits'));
  const masks =
    byName.length === 0 && operator === '&'
      ? (field?.parts ?? []).map(({ mask, name }) => plain(`0x${mask.toString(16)}`, 'number', name))
      : [];
  const values =
    byName.length === 0 && operator !== '&'
      ? Object.entries(field?.values ?? {}).map(([value, name]) => number(Number(value), name))
      : [];
  return [...byName, ...masks, ...values];
}

function unique(items: readonly Completion[]): Completion[] {
  return [...new Map(items.map((item) => [`${item.text} ${item.detail}`, item])).values()];
}
