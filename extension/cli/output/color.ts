import type { Writable } from 'node:stream';

/** ECMA-48's red, and back to the terminal's own colour. Nothing is said by it alone. */
export function red(text: string): string {
  return `\x1b[31m${text}\x1b[39m`;
}

/** Whether an output has colours: a terminal that knows them, of a user who did not object (no-color.org). */
export function hasColors(output: Writable & { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR = '', TERM } = env;
  return output.isTTY === true && NO_COLOR === '' && TERM !== 'dumb';
}
