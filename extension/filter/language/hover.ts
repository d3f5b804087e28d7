/** What stands under the mouse, in words. */
import { describeAccess, type AccessUse } from './describe-access.ts';
import { numberOf, tokenize, type Token } from './lexer.ts';
import { protocolNumberText, type NameLookup, type Service } from './name-lookup.ts';
import { comparisons, positionsOf, type Access, type Position } from './position.ts';

export interface FilterHover {
  start: number;
  end: number;
  /** Paragraphs; the first is the most specific. */
  says: string[];
}

/** @returns undefined where there is nothing to say */
export function hoverAt(text: string, offset: number, names: NameLookup): FilterHover | undefined {
  const tokens = tokenize(text, { comments: true }).filter(({ kind }) => kind !== 'comment');
  const index = tokens.findIndex(({ start, end }) => start <= offset && offset < end);
  const token = tokens[index];
  if (token === undefined) return undefined;
  const positions = positionsOf(tokens);
  const access = accessAround(tokens, positions, index);
  const says = [
    access === undefined ? undefined : describeAccess(access.access, access.use),
    idSays(token, positions[index], names),
    wordSays(token),
  ].filter((paragraph) => paragraph !== undefined);
  return says.length === 0 ? undefined : { start: token.start, end: token.end, says };
}

function wordSays({ text, word }: Token): string | undefined {
  if (word === undefined) return undefined;
  const stands = word.number === undefined ? '' : ` Stands for ${word.number}.`;
  const alias = word.aliasOf === undefined ? '' : ` The same as “${word.aliasOf}”.`;
  return `${text}: ${word.says}${stands}${alias}`;
}

/** A port or protocol: its name for a number, its number for a name. */
function idSays(token: Token, position: Position | undefined, names: NameLookup): string | undefined {
  if (position === undefined || !('head' in position)) return undefined;
  if (position.at === 'test' && token.word !== undefined) return undefined; // it begins a test of its own
  const { type, protocol } = position.head;
  const value = token.kind === 'number' ? numberOf(token) : undefined;
  if (type === 'port') {
    const found = value === undefined ? names.servicesNamed(token.text) : names.servicesAt(value);
    return found.length === 0 ? undefined : found.map(serviceSays).join('; ');
  }
  if (type === 'portrange') {
    const ends = token.text.split('-').flatMap((end) => names.servicesAt(Number(end)));
    return ends.length === 0 ? undefined : ends.map(serviceSays).join('; ');
  }
  if (type !== 'proto' && type !== 'protochain') return undefined;
  const family = protocol === 'ether' ? 'ether' : 'ip';
  const name = token.text.replace('\\', '');
  if (value !== undefined) {
    const known = names.protocolName(value, family);
    return known === undefined ? undefined : `${protocolKind[family]} ${token.text}: ${known}`;
  }
  const number = names.protocolNumber(name, family);
  if (number === undefined) return undefined;
  return `${name}: ${protocolKind[family]} ${protocolNumberText(number, family)}`;
}

const protocolKind = { ether: 'EtherType', ip: 'IP protocol' };

function serviceSays({ name, port, transports }: Service): string {
  return `${name}: port ${port} (${transports.map((transport) => transport.toUpperCase()).join(', ')})`;
}

/** The access that the token belongs to: its protocol, offset, size, or what it is compared with. */
function accessAround(
  tokens: readonly Token[],
  positions: readonly Position[],
  index: number,
): { access: Access; use: AccessUse } | undefined {
  const close = closingBracket(tokens, index) ?? lastAccessBefore(positions, index);
  const position = close === undefined ? undefined : positions[close + 1];
  if (close === undefined || position?.at !== 'operator' || position.access === undefined) return undefined;
  const use = useAfter(tokens, close + 1);
  return index > use.end ? undefined : { access: position.access, use };
}

/** Of the brackets that the token stands in, or opens as their protocol. */
function closingBracket(tokens: readonly Token[], index: number): number | undefined {
  let depth = 0;
  for (let at = tokens[index + 1]?.text === '[' ? index + 1 : index; at < tokens.length; at++) {
    const text = tokens[at]?.text;
    if (text === '[') depth++;
    if (text === ']' && --depth <= 0) return opensBefore(tokens, at) <= index ? at : undefined;
  }
  return undefined;
}

/** The index of the protocol before the bracket that closes at `close`. */
function opensBefore(tokens: readonly Token[], close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    if (tokens[at]?.text === ']') depth++;
    if (tokens[at]?.text === '[' && --depth === 0) return at - 1;
  }
  return Infinity;
}

function lastAccessBefore(positions: readonly Position[], index: number): number | undefined {
  const position = positions[index];
  const access = position?.at === 'value' || position?.at === 'operator' ? position.access : undefined;
  if (access === undefined) return undefined;
  for (let at = index; at > 0; at--) {
    const before = positions[at];
    if (before?.at === 'operator' && before.access === access) {
      const previous = positions[at - 1];
      if (!(previous !== undefined && 'access' in previous && previous.access === access)) return at - 1;
    }
  }
  return undefined;
}

/** `& mask` and `= value` after the bracket; `end`: the index of the last token of it. */
function useAfter(tokens: readonly Token[], from: number): AccessUse & { end: number } {
  const use: AccessUse & { end: number } = { end: from - 1 };
  let at = from;
  if (tokens[at]?.text === '&') {
    const [mask, next] = numbers(tokens, at + 1);
    use.mask = mask;
    at = next;
    use.end = at - 1;
  }
  if (comparisons.includes(tokens[at]?.text ?? '')) {
    const [value, next] = numbers(tokens, at + 1);
    use.value = value;
    use.end = next - 1;
  }
  return use;
}

/** A number, or several joined by `|` in parentheses. */
function numbers(tokens: readonly Token[], from: number): [value: number | undefined, next: number] {
  let at = tokens[from]?.text === '(' ? from + 1 : from;
  let sum: number | undefined;
  for (;;) {
    const token = tokens[at];
    const value = token === undefined ? undefined : numberOf(token);
    if (value === undefined) break;
    sum = ((sum ?? 0) | value) >>> 0;
    at++;
    if (tokens[at]?.text !== '|') break;
    at++;
  }
  return [sum, tokens[at]?.text === ')' && tokens[from]?.text === '(' ? at + 1 : at];
}
