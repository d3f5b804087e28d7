/** Texts as man(7) pages have them. */

/** What roff reads as something else, and how it is written (groff_char(7)). */
const LETTERS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** A text of the tables: what stands in backticks is bold, all in one line of the source. */
export function roff(text: string): string {
  const parts = text.split('`').map((part, at) => (at % 2 === 1 ? code(part) : prose(part)));
  return guarded(parts.join(''));
}

/** As it is typed, in bold. */
export function code(text: string): string {
  return `\\fB${escape(text, /[\\'"`^~-]/g)}\\fR`;
}

/** A hyphen within a word stays one; any other dash is one that is typed. */
function prose(text: string): string {
  return escape(text, /[\\`^~]|(?<![A-Za-z])-/g);
}

function escape(text: string, letters: RegExp): string {
  return text
    .replace(letters, (letter) => LETTERS[letter] ?? letter)
    .replace(
      /[^\n -~]/gu,
      (letter) => `\\[u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}

/** A dot or an apostrophe at its beginning makes a line a request. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
