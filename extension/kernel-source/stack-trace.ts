/** A function in a line of a kernel stack trace. */
export interface StackTraceLink {
  /** Of the link within the line, in UTF-16 units. */
  start: number;
  length: number;
  /** The symbol as printed, with compiler suffixes. */
  symbol: string;
  /** Bytes from the start of the function. */
  offset: number;
  /** Empty for vmlinux. */
  module: string;
}

/**
 * The kernel's %pB and %pS (lib/vsprintf.c): `func+0x1a/0x40`, in modules with ` [module]` or
 * ` [module build-id]`. A `? ` before it marks a frame that is not certain.
 */
const FRAME =
  /(?<![\w.$+])([A-Za-z_][\w.$]*)\+0x([\da-f]{1,8})\/0x[\da-f]{1,8}(?: \[([\w-]+)(?: [\da-f]{8,40})?\])?/g;

/** Every function of a kernel stack trace in one line of text. */
export function stackTraceLinks(line: string): StackTraceLink[] {
  return Array.from(line.matchAll(FRAME), (match) => ({
    start: match.index,
    length: match[0].length,
    symbol: match[1] ?? '',
    offset: Number.parseInt(match[2] ?? '', 16),
    module: match[3] ?? '',
  }));
}
