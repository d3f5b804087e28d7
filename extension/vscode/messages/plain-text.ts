import { printableLines } from '../../base/printable.ts';

/** A notification with more pushes its own buttons out of the window. */
const SHOWN_CHARACTERS = 1000;

/**
 * A text as one that VS Code only shows. In notifications, progress and the prompts of input boxes it makes links of
 * `[label](target)`, those to its commands too, and runs what is clicked; an error may quote a server that nobody
 * vouches for, or a file of a workspace that is not trusted.
 */
export function plainText(text: string): string {
  const shown = printableLines(text).replaceAll('](', '] (');
  return shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}…` : shown;
}
