import { numberOf, tokenize, type Token } from './lexer.ts';
import { protocolNumberText, type NameLookup } from './name-lookup.ts';
import { positionsOf, type Head } from './position.ts';

export interface FilterInlayHint {
  /** After this offset. */
  offset: number;
  text: string;
}

/** Beside a port's or protocol's number its name, beside its name the number. */
export function inlayHints(text: string, names: NameLookup): FilterInlayHint[] {
  const tokens = tokenize(text, { comments: true }).filter(({ kind }) => kind !== 'comment');
  const positions = positionsOf(tokens);
  return tokens.flatMap((token, index) => {
    const position = positions[index];
    const head = position !== undefined && 'head' in position ? position.head : undefined;
    const hint = head === undefined ? undefined : hintFor(token, head, names);
    return hint === undefined ? [] : [{ offset: token.end, text: hint }];
  });
}

function hintFor(token: Token, head: Head, names: NameLookup): string | undefined {
  const { type, protocol } = head;
  const value = token.kind === 'number' ? numberOf(token) : undefined;
  if (value === undefined && token.kind !== 'name' && token.kind !== 'escaped') return undefined;
  if (type === 'port') {
    if (value === undefined) return joined(names.servicesNamed(token.text).map(({ port }) => String(port)));
    const wanted = names
      .servicesAt(value)
      .filter(({ transports }) => transports.some((transport) => fits(transport, protocol)));
    return joined(wanted.map(({ name }) => name));
  }
  if (type !== 'proto' && type !== 'protochain') return undefined;
  const family = protocol === 'ether' ? 'ether' : 'ip';
  if (value !== undefined) return names.protocolName(value, family);
  const number = names.protocolNumber(token.text.replace('\\', ''), family);
  return number === undefined ? undefined : protocolNumberText(number, family);
}

function fits(transport: string, protocol: string | undefined): boolean {
  return protocol === undefined || protocol === transport || (protocol !== 'tcp' && protocol !== 'udp');
}

function joined(texts: readonly string[]): string | undefined {
  return texts.length === 0 ? undefined : [...new Set(texts)].join('/');
}
