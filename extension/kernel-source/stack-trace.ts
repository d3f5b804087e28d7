/** A function in a line of a kernel stack trace. */
export interface StackTraceLink {
  /** Of the link within the line, in UTF-16 units. */
  start: number;
  length: number;
  /** The symbol as printed, with compiler suffixes. */
  symbol: string;
  /** Bytes from the start of the function. */
  offset: number;
  /** Bytes to the next symbol: the function and the padding behind it. */
  size: number;
  /** Empty for vmlinux. */
  module: string;
  /** Of the module, in hexadecimal, where the kernel prints it. */
  buildId?: string;
  /** It is where a call returns to, as all of a call trace but where the CPU was (`RIP:`, `pc :`). */
  isReturnAddress: boolean;
  /** False: marked `?`, it lay on the stack and may be of an earlier call. */
  isCertain: boolean;
}

/** The kernel's %pB and %pS (lib/vsprintf.c): `func+0x1a/0x40`, in modules with ` [module]` or ` [module build-id]`. */
const FRAME =
  /(?<![\w.$+])([A-Za-z_][\w.$]*)\+0x([\da-f]{1,8})\/0x([\da-f]{1,8})(?: \[([\w-]+)(?: ([\da-f]{8,40}))?\])?/g;

/**
 * What stands before the address that the CPU was at: `RIP: 0010:`, `pc : `, on old kernels also
 * `IP: [<ffffffff81234567>] ` and `PC is at `, and of a warning (__warn in kernel/panic.c) its file and line.
 */
const CPU_WAS_AT =
  /(?:\b(?:[ER]?IP|pc)\s*:|\bPC is at|\bat \S+:\d+)\s*(?:[\da-f]{4}:)?\s*(?:\[<[\da-f]+>\]\s*)*$/;
/** No such text is longer. */
const BEFORE_MAX = 160;

/** Every function of a kernel stack trace in one line of text. */
export function stackTraceLinks(line: string): StackTraceLink[] {
  return Array.from(line.matchAll(FRAME), (match) => {
    const [text, symbol = '', hexOffset = '', hexSize = '', module = '', buildId] = match;
    const offset = Number.parseInt(hexOffset, 16);
    const before = line.slice(Math.max(0, match.index - BEFORE_MAX), match.index);
    return {
      start: match.index,
      length: text.length,
      symbol,
      offset,
      size: Number.parseInt(hexSize, 16),
      module,
      ...(buildId !== undefined && { buildId }),
      // No call returns to where a function begins: that is a pointer to it.
      isReturnAddress: offset > 0 && !CPU_WAS_AT.test(before),
      isCertain: !before.endsWith('? '),
    };
  });
}
