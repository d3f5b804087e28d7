/**
 * Text of a target (names of processes, devices and functions, what programs wrote) may hold anything: any local
 * user of it can name a process `\x1b[8m`. What would move a terminal's cursor, hide text or turn its direction is
 * shown as an escape.
 */

/** C0, DEL and C1; Unicode's Bidi_Control; and, as this is by code points, surrogates that are not of a pair. */
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const UNPRINTABLE_IN_LINES =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
/** JSON.stringify escapes the others itself. */
const UNPRINTABLE_IN_JSON = /[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Characters of a quotation: a few lines of a terminal. */
const QUOTED_CHARACTERS = 300;

/** On one line: `\x1b`, `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** The same of several lines: their ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNPRINTABLE_IN_LINES, escaped);
}

/** The same of JSON, as escapes of JSON: it still says what it said. */
export function printableJson(json: string): string {
  return json.replace(
    UNPRINTABLE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * What somebody else said, as a part of our own sentence: in quotation marks that it cannot close, on one line,
 * printable, and of a long text the beginning and the end.
 */
export function quoted(text: string, characters = QUOTED_CHARACTERS): string {
  const line = text
    .trim()
    .replace(/\s*[\r\n]+\s*/g, '; ')
    .replaceAll('"', "'");
  return `"${printable(shortened(line, characters))}"`;
}

function shortened(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const half = Math.floor((characters - 3) / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
