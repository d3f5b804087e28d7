import type { FilterTexts } from '../recording/filters.ts';

/** The commands for the filter of a running trace, the same in the debug console and on standard input. */
export type FilterCommand =
  /** Of these an empty one is none; the others stay. */
  | { kind: 'change'; change: Partial<FilterTexts> }
  /** Tell which filter is in force. */
  | { kind: 'tell' };

/** First word of a command, and what it changes. */
const CHANGED = {
  filter: 'filter',
  netns: 'netns',
  ifname: 'ifname',
  mark: 'mark',
  'skb-expr': 'skbExpression',
  'xdp-expr': 'xdpExpression',
} as const satisfies Record<string, keyof FilterTexts>;

/** For messages about a line that is none of them. */
export const FILTER_COMMANDS =
  '"filter EXPRESSION", "netns NAMESPACE", "ifname DEVICE", "mark MARK/MASK", "skb-expr EXPRESSION", "xdp-expr EXPRESSION", each of these with "no" in place of what is behind it, and "filter" alone (tells the one in force)';

/** Reads one line; undefined: it is no such command. */
export function parseFilterCommand(line: string): FilterCommand | undefined {
  const text = line.trim();
  if (text === 'filter') return { kind: 'tell' };
  const [, none] = /^no\s+(\S+)$/.exec(text) ?? [];
  if (none !== undefined)
    return isCommand(none) ? { kind: 'change', change: { [CHANGED[none]]: '' } } : undefined;
  const [, word, value] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
  if (word === undefined || !isCommand(word)) return undefined;
  return { kind: 'change', change: { [CHANGED[word]]: value } };
}

function isCommand(word: string): word is keyof typeof CHANGED {
  return Object.hasOwn(CHANGED, word);
}
