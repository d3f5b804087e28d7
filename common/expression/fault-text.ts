import type { ExpressionFault } from './fault.ts';

/**
 * A refused expression as a message: what is wrong, and the text with the place marked.
 * @param option what it was given by
 */
export function faultText(option: string, text: string, { message, range }: ExpressionFault): string {
  // One line, whatever was written: a character is a column.
  const line = text.replace(/\s/g, ' ');
  const mark = ' '.repeat(range.start) + '^'.padEnd(range.end - range.start, '~');
  return `The expression (${option}) is refused: ${message}.\n  ${line}\n  ${mark}`;
}
