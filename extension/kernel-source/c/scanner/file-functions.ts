import { FunctionFlag, type FunctionFact } from './facts.ts';
import { scanFile } from './scan-file.ts';

/**
 * The functions that a C text defines, in the order of their lines, as the text is now. Those whose names only
 * macros make are left out: they need the index.
 */
export function functionsOfText(text: string, path: string): FunctionFact[] {
  // Latin-1 keeps lines; names are ASCII.
  const { functions } = scanFile(Buffer.from(text, 'latin1'), path.endsWith('.h'));
  return functions.filter(({ nameArguments }) => nameArguments === undefined);
}

/** The function that a line is in; undefined outside of functions. Lines count from 0. */
export function functionAtLine<T extends Pick<FunctionFact, 'line' | 'lastLine'>>(
  functions: readonly T[],
  line: number,
): T | undefined {
  return functions.findLast((each) => each.line <= line && line <= each.lastLine);
}

/** Whether packets can be seen in it: it takes one, and callers hold no copies of it instead. */
export function isTraceable({ flags }: Pick<FunctionFact, 'flags'>): boolean {
  return (flags & FunctionFlag.TakesSkb) !== 0 && (flags & FunctionFlag.Inline) === 0;
}
