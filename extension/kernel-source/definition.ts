/**
 * Finds the definition of a C function in kernel code, without a C parser: a name at file scope, before it a
 * return type that starts in column one (kernel style), after it a parameter list and an opening brace.
 */

/** Attributes between parameter list and body are short; more text than this is something else. */
const ATTRIBUTES_MAX = 2000;
const PARAMETERS_MAX = 8000;

export interface Place {
  /** From 0. */
  line: number;
  /** From 0, in characters of the line. */
  column: number;
}

/** Every definition of `name` in the text of a file, in order (`#ifdef` branches may each have one). */
export function findDefinitions(text: string, name: string): Place[] {
  const places: Place[] = [];
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    if (isWord(text, at - 1) || isWord(text, at + name.length)) continue;
    const open = skipBlanks(text, at + name.length);
    if (text[open] !== '(' || !hasReturnType(text, at)) continue;
    const close = closingParen(text, open, PARAMETERS_MAX);
    if (close === undefined || !bodyFollows(text, close + 1)) continue;
    const lineStart = text.lastIndexOf('\n', at - 1) + 1;
    places.push({ line: countLines(text, at), column: at - lineStart });
  }
  return places;
}

function isWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at); // NaN outside the text
  return (
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95
  );
}

function countLines(text: string, end: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Next position that is neither white space nor a comment. */
function skipBlanks(text: string, from: number): number {
  const blank = /(?:\s+|\/\*[^]*?\*\/|\/\/[^\n]*)*/y;
  blank.lastIndex = from;
  blank.test(text);
  return blank.lastIndex;
}

function closingParen(text: string, open: number, limit: number): number | undefined {
  let depth = 0;
  for (let at = open; at < text.length && at < open + limit; at++) {
    const char = text[at];
    if (char === '/' && (text[at + 1] === '*' || text[at + 1] === '/')) at = skipBlanks(text, at) - 1;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return at;
    else if (char === ';' || char === '{') return undefined; // a call or a statement, not parameters
  }
  return undefined;
}

/** After a parameter list: attributes like `__releases(RCU)`, then `{`. */
function bodyFollows(text: string, from: number): boolean {
  let at = skipBlanks(text, from);
  while (at < from + ATTRIBUTES_MAX) {
    if (text[at] === '{') return true;
    if (!isWord(text, at)) return false;
    while (isWord(text, at)) at++;
    at = skipBlanks(text, at);
    if (text[at] !== '(') continue;
    const close = closingParen(text, at, ATTRIBUTES_MAX);
    if (close === undefined) return false;
    at = skipBlanks(text, close + 1);
  }
  return false;
}

/** Words that start a statement or declaration which is no function definition. */
const NOT_A_TYPE = /^(?:return|else|do|goto|case|typedef|define|if|while|for|switch|sizeof)$/;

/** Whether what stands before the name is a return type that starts in column one, here or on lines above. */
function hasReturnType(text: string, at: number): boolean {
  let start = text.lastIndexOf('\n', at - 1) + 1;
  let before = text.slice(start, at);
  // A return type on its own lines: take lines above until one that starts in column one has a word.
  for (let above = 0; above < 3 && !/^\w/.test(before); above++) {
    if (start === 0) return false;
    const end = start - 1;
    start = text.lastIndexOf('\n', end - 1) + 1;
    const line = text.slice(start, end);
    if (line.trim() === '' || line.startsWith('#') || /[;{},:=\\]\s*$/.test(line)) return false;
    before = `${line}\n${before}`;
  }
  if (!/^\w/.test(before)) return false;
  const words = withoutArguments(before);
  return (
    /^[\w\s*]+$/.test(words) && words.split(/[\s*]+/).every((word) => !NOT_A_TYPE.test(word)) // `else foo() {`
  );
}

/** Removes the arguments of attribute macros (`__printf(1, 2)`) and comments. */
function withoutArguments(text: string): string {
  let result = text.replace(/\/\*[^]*?\*\//g, ' ');
  for (let depth = 0; depth < 4; depth++) result = result.replace(/\b\w+\s*\([^()]*\)/g, 'attribute');
  return result;
}
