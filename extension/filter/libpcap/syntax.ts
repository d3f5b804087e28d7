/** How libpcap's own scanner and parser read a filter, from the records of build/libpcap/trace.c. */
import { readString, type LibpcapInstance } from './module.ts';

/** UTF-16 code units, the end exclusive. */
export interface TextRange {
  start: number;
  end: number;
}

/** A symbol of libpcap's grammar.y: a token (no children) or a rule. An empty rule has an empty range. */
export interface SyntaxNode extends TextRange {
  symbol: string;
  children: SyntaxNode[];
}

export interface Syntax {
  /** The parser's stack at its end: one `prog` where all was read. */
  stack: SyntaxNode[];
  /** How many symbols at its top belong to the rule whose action failed; -1 where none did. */
  reducing: number;
  /** What the scanner read last: on a syntax error the token that no rule takes. Empty: the end of the text. */
  next: TextRange;
}

const STEP_BYTES = 16;

/** Reads what an instance recorded that compiled this text with its trace on. */
export function readSyntax(wasm: LibpcapInstance, text: string): Syntax {
  const offset = offsetsInUtf16(text);
  const view = new DataView(wasm.memory.buffer, wasm.steps(), wasm.step_count() * STEP_BYTES);
  const names = new Map<number, string>();
  const stack: SyntaxNode[] = [];
  let end = 0;
  for (let at = 0; at < view.byteLength; at += STEP_BYTES) {
    const address = view.getUint32(at, true);
    const symbol = names.get(address) ?? readString(wasm, address);
    names.set(address, symbol);
    const count = view.getInt32(at + 12, true);
    const range = {
      start: offset(view.getUint32(at + 4, true)),
      end: offset(view.getUint32(at + 8, true), true),
    };
    if (count >= 0) stack.push(rule(symbol, stack.splice(stack.length - count, count), range.start));
    else if (symbol !== END) {
      stack.push({ symbol, ...range, children: [] });
      end = range.end;
    }
  }
  const next = {
    start: offset(wasm.scanned_start()),
    end: offset(wasm.scanned_end(), true),
  };
  const atEnd = next.start < end || text.slice(next.start, next.end).trim() === '';
  return {
    stack,
    reducing: wasm.reducing(),
    next: atEnd ? { start: text.length, end: text.length } : next,
  };
}

/** bison's name of the token after the last. */
const END = '"end of file"';

function rule(symbol: string, children: SyntaxNode[], at: number): SyntaxNode {
  return { symbol, ...(span(children) ?? { start: at, end: at }), children };
}

/** From the first to the last that is not empty; undefined where all are. */
export function span(nodes: readonly TextRange[]): TextRange | undefined {
  const seen = nodes.filter((node) => node.start < node.end);
  const [first, last] = [seen[0], seen.at(-1)];
  return first && last && { start: first.start, end: last.end };
}

/** The tokens below these nodes, in the order of the text. */
export function tokensOf(nodes: readonly SyntaxNode[]): SyntaxNode[] {
  const tokens: SyntaxNode[] = [];
  const waiting = nodes.toReversed(); // a stack, not recursion: a filter may be nested deeply
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.children.length > 0) waiting.push(...node.children.toReversed());
    else if (node.start < node.end) tokens.push(node);
  }
  return tokens;
}

/** From offsets in UTF-8, which may lie inside a character, to offsets in UTF-16. */
function offsetsInUtf16(text: string): (bytes: number, roundUp?: boolean) => number {
  if (Buffer.byteLength(text) === text.length) return (bytes) => bytes;
  const starts: number[] = [];
  const ends: number[] = [0];
  let units = 0;
  for (const character of text) {
    const bytes = Buffer.byteLength(character);
    for (let i = 0; i < bytes; i++) {
      starts.push(units);
      ends.push(units + character.length);
    }
    units += character.length;
  }
  return (bytes, roundUp = false) => (roundUp ? ends : starts)[bytes] ?? units;
}
