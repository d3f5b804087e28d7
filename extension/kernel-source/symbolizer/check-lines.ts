import { functionAtLine, functionsOfText } from '../c/scanner/file-functions.ts';
import { readSourceText } from '../checkout/read-source-file.ts';
import { LinesError } from './errors.ts';
import type { SourceFrame } from './source-frame.ts';

/**
 * Compares what debug information says of a place with the checkout as it is now: in a tree of another release, or
 * one that was edited, the same line is another.
 * @param frames of one place, innermost first
 * @param declared where debug information has the function of each frame, from 1; 0 where it does not say
 * @throws LinesError when a function is elsewhere in the checkout, or a line not in its function
 */
export async function checkLines(
  checkout: string,
  frames: readonly SourceFrame[],
  declared: readonly number[],
): Promise<void> {
  for (const [index, { function: name, path, line }] of frames.entries()) {
    if (path === undefined) continue;
    const text = await readSourceText(checkout, path);
    const functions = functionsOfText(text, path);
    const named = functions.filter((each) => each.name === name);
    // Names that macros make are not among them; the line of such a function is in no other.
    const isThere =
      named.length === 0
        ? functionAtLine(functions, line - 1) === undefined
        : named.some(
            (each) =>
              (!declared[index] || each.line === declared[index] - 1) && // 0: not known
              each.line < line &&
              line - 1 <= each.lastLine,
          );
    if (!isThere)
      throw new LinesError(
        `${path} of the checkout is not as it was for this kernel: line ${line} of ${name} is elsewhere now.`,
      );
  }
}
