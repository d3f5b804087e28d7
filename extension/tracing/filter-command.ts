/** The commands for the filter of a running trace, the same in the debug console and on standard input. */
export type FilterCommand =
  /** Empty: every packet. */
  | { kind: 'change'; filter: string }
  /** Tell which filter is in force. */
  | { kind: 'tell' };

/** For messages about a line that is none of them. */
export const FILTER_COMMANDS = '"filter EXPRESSION", "filter" (tells the one in force) and "no filter"';

/** Reads one line; undefined: it is no such command. */
export function parseFilterCommand(line: string): FilterCommand | undefined {
  const text = line.trim();
  if (/^no\s+filter$/.test(text)) return { kind: 'change', filter: '' };
  if (text === 'filter') return { kind: 'tell' };
  const [, filter] = /^filter\s+(.*)$/s.exec(text) ?? [];
  return filter === undefined ? undefined : { kind: 'change', filter };
}
