/** Where filters are in documents: a whole .pcapfilter file, strings of packet-trace configurations. */
import { parseTree, type Node } from 'jsonc-parser';
import { withoutComments } from './lexer.ts';

/** A filter in a document. Offsets are UTF-16 code units. */
export interface FilterRegion {
  /** What libpcap compiles. */
  text: string;
  /** Of the filter's text in the document. */
  start: number;
  end: number;
  /** From `#` to the end of a line is a comment. */
  comments: boolean;
  /** From an offset in `text` to one in the document. */
  toDocument(offset: number): number;
  /** The other way; within an escape, the offset of what it stands for. */
  toFilter(offset: number): number;
  /** Filter text as it is written there. */
  encode(text: string): string;
}

/** A file of one filter, which may have comments as those for `tcpdump -F` have. */
export function fileRegion(text: string): FilterRegion {
  const same = <T>(value: T) => value;
  return {
    text: withoutComments(text),
    start: 0,
    end: text.length,
    comments: true,
    toDocument: same,
    toFilter: same,
    encode: same,
  };
}

const filterProperties = ['filter', 'tunnelFilterL2', 'tunnelFilterL3'];

/**
 * The filters of the objects of type `debugType` in a JSON text with comments, valid or not.
 * @param properties the names of what holds them
 */
export function launchRegions(
  json: string,
  debugType: string,
  properties: readonly string[] = filterProperties,
): FilterRegion[] {
  const root = parseTree(json, [], { allowTrailingComma: true });
  const regions: FilterRegion[] = [];
  const waiting = root === undefined ? [] : [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.type === 'object' && member(node, 'type')?.value === debugType) {
      const values = properties.map((name) => member(node, name));
      regions.push(
        ...values.filter((value) => value?.type === 'string').map((value) => stringRegion(json, value!)),
      );
    }
    waiting.push(...(node.children ?? []));
  }
  return regions.sort((a, b) => a.start - b.start);
}

function member(object: Node, name: string): Node | undefined {
  return object.children?.find(({ children }) => children?.[0]?.value === name)?.children?.[1];
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function stringRegion(json: string, { offset, length }: Node): FilterRegion {
  const start = offset + 1;
  const closed = length > 1 && json[offset + length - 1] === '"';
  const end = offset + length - (closed ? 1 : 0);
  const inside = json.slice(0, end);
  let text = '';
  /** Document offsets of the characters of `text`, and of its end. */
  const places: number[] = [];
  for (let at = start; at < end;) {
    const escape = /\\(?:u([0-9A-Fa-f]{4})|(.))/y;
    escape.lastIndex = at;
    const found = escape.exec(inside);
    places.push(at);
    const [, code, letter] = found ?? [];
    if (code !== undefined) text += String.fromCharCode(parseInt(code, 16));
    else if (letter !== undefined) text += escapes[letter] ?? letter;
    else text += json[at];
    at += found?.[0].length ?? 1;
  }
  places.push(end);
  return {
    text,
    start,
    end,
    comments: false,
    toDocument: (index) => places[Math.min(index, places.length - 1)]!,
    toFilter: (place) =>
      Math.max(
        0,
        places.findLastIndex((first) => first <= place),
      ),
    encode: (filter) => JSON.stringify(filter).slice(1, -1),
  };
}
