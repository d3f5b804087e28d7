/** Character classes and skipping over C tokens in a file's bytes. */

export const NEWLINE = 10;
export const BACKSLASH = 92;
export const QUOTE = 34;
export const APOSTROPHE = 39;
export const SLASH = 47;
export const STAR = 42;
const COMMA = 44;
export const HASH = 35;
export const OPEN_PAREN = 40;
export const CLOSE_PAREN = 41;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * A text as its lines are on Linux: Git for Windows checks out with CRLF, and some editors begin a file with a
 * byte order mark. @returns the same bytes where there is nothing to leave out
 */
export function withUnixLines(bytes: Buffer): Buffer {
  const start = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  let at = bytes.indexOf('\r\n', start, 'latin1');
  if (at < 0) return bytes.subarray(start);
  const result = Buffer.allocUnsafe(bytes.length - start);
  let length = 0;
  let from = start;
  for (; at >= 0; at = bytes.indexOf('\r\n', from + 1, 'latin1')) {
    length += bytes.copy(result, length, from, at);
    from = at + 1;
  }
  return result.subarray(0, length + bytes.copy(result, length, from));
}

/** 1: letter or underscore; 2: digit. Bytes from 128 stand for macro arguments (expand.ts). */
export const WORD = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 128 || /[A-Za-z_$]/.test(String.fromCharCode(byte))) return 1;
  return byte >= 48 && byte <= 57 ? 2 : 0;
});

/** 1: a byte that matters where code is skipped: brackets, quotes, comments, directives, line ends. */
const MATTERS = Uint8Array.from({ length: 256 }, (_, byte) =>
  '(){}"\'/#\n'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** From `at` on, the first byte that is neither a letter nor an operator; the end where there is none. */
export function skipPlain(bytes: Buffer, at: number): number {
  while (at < bytes.length && MATTERS[bytes[at] ?? 0] === 0) at++;
  return at;
}

export function isWord(byte: number | undefined): boolean {
  return byte !== undefined && WORD[byte] !== 0;
}

/** After the word that starts at `at`. */
export function endOfWord(bytes: Buffer, at: number): number {
  while (isWord(bytes[at])) at++;
  return at;
}

/** After a string or character constant; one that is not closed ends with its line. */
export function skipQuoted(bytes: Buffer, at: number): number {
  const quote = bytes[at++];
  for (; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) return at + 1;
    if (byte === NEWLINE) return at;
    if (byte === BACKSLASH) at++;
  }
  return bytes.length;
}

/** After the comment that starts at `at`; `at` where there is none. */
export function skipComment(bytes: Buffer, at: number): number {
  if (bytes[at + 1] === STAR) {
    const end = bytes.indexOf('*/', at + 2);
    return end < 0 ? bytes.length : end + 2;
  }
  if (bytes[at + 1] === SLASH) {
    const end = bytes.indexOf(NEWLINE, at);
    return end < 0 ? bytes.length : end;
  }
  return at;
}

/** Whether only blanks stand before `at` in its line. */
export function isFirstInLine(bytes: Buffer, at: number): boolean {
  while (at > 0) {
    const byte = bytes[--at];
    if (byte === NEWLINE) return true;
    if (byte !== 32 && byte !== 9) return false;
  }
  return true;
}

/** The line end (or the end of the text) that ends the line of `at`, continuation lines included. */
export function endOfLogicalLine(bytes: Buffer, at: number): number {
  for (;;) {
    const end = bytes.indexOf(NEWLINE, at);
    if (end < 0) return bytes.length;
    const before = bytes[end - 1] === 13 ? end - 2 : end - 1;
    if (bytes[before] !== BACKSLASH) return end;
    at = end + 1;
  }
}

/** Whether what follows a brace says that the brace ended an argument: `DEFINE_REQUEST(name, {…})`. */
function isArgumentEnd(byte: number | undefined): boolean {
  return byte === CLOSE_PAREN || byte === COMMA;
}

/**
 * After the `)` that closes the `(` at `at`; undefined when the text ends or a body begins before.
 * @param unclosed where given, what is open when there is no answer: no later question about those is needed
 */
export function skipParentheses(bytes: Buffer, at: number, unclosed?: number[]): number | undefined {
  let depth = 0;
  for (at = skipPlain(bytes, at); at < bytes.length; at = skipPlain(bytes, at)) {
    switch (bytes[at]) {
      case OPEN_PAREN:
        depth++;
        unclosed?.push(at);
        break;
      case CLOSE_PAREN:
        if (--depth === 0) return at + 1;
        unclosed?.pop();
        break;
      case QUOTE:
      case APOSTROPHE:
        at = skipQuoted(bytes, at);
        continue;
      case SLASH: {
        const after = skipComment(bytes, at);
        if (after !== at) {
          at = after;
          continue;
        }
        break;
      }
      case HASH:
        if (isFirstInLine(bytes, at)) at = endOfLogicalLine(bytes, at);
        break;
      case NEWLINE:
        if (bytes[at + 1] === CLOSE_BRACE && !isArgumentEnd(bytes[at + 2])) return undefined; // never closed
        break;
      case undefined: // the end, which the loop sees first
        return undefined;
    }
    at++;
  }
  return undefined;
}
