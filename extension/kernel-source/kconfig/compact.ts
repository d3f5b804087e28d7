import { UNKNOWN } from './expression.ts';

const KEPT =
  /^(?:(?:menu)?config|(?:def_)?(?:bool|tristate)|int|hex|string|prompt|default|depends|select|imply|(?:end)?choice|(?:end)?menu|(?:end)?if|comment|o?r?source)\b/;

/** What says nothing about values: a compaction of a file keeps a third of its bytes. */
const PROMPT = /^(bool|tristate|int|hex|string|prompt|menu|comment)\b[ \t]*(?:"(?:[^"\\]|\\.)*"|'[^']*')/;

/** The statements of a Kconfig file that tell values of options: one a line, without texts for humans. */
export function compactKconfig(text: string): string {
  const lines: string[] = [];
  let helpIndent = -1; // of the help text that is being skipped; 0: its first line is still to come
  for (const line of text.replace(/\\\r?\n/g, ' ').split('\n')) {
    const statement = line.trim();
    if (statement === '') continue;
    if (helpIndent >= 0) {
      const indent = indentOf(line);
      if (helpIndent === 0) helpIndent = indent;
      if (indent > 0 && indent >= helpIndent) continue;
      helpIndent = -1;
    }
    if (/^(?:---)?help(?:---)?$/.test(statement)) helpIndent = 0;
    else if (KEPT.test(statement)) lines.push(shortened(statement));
  }
  return lines.join('\n');
}

function indentOf(line: string): number {
  let column = 0;
  for (const char of line) {
    if (char === '\t') column += 8 - (column % 8);
    else if (char === ' ') column++;
    else break;
  }
  return column;
}

function shortened(statement: string): string {
  return withoutCalls(statement.replace(PROMPT, '$1 ""'))
    .replace(/(^|\s)#.*$/, '')
    .replace(/^depends[ \t]+on\b/, 'depends')
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim();
}

/** `$(success,…)` is not known here; variables (`$(ARCH)`) stay. */
function withoutCalls(text: string): string {
  let result = '';
  for (let at = 0; at < text.length;) {
    const call = text.indexOf('$(', at);
    if (call < 0) return result + text.slice(at);
    let depth = 0;
    let end = call + 1;
    do {
      if (text[end] === '(') depth++;
      else if (text[end] === ')') depth--;
      end++;
    } while (depth > 0 && end < text.length);
    const inner = text.slice(call + 2, end - 1);
    result += text.slice(at, call) + (/^\w+$/.test(inner) ? text.slice(call, end) : UNKNOWN);
    at = end;
  }
  return result;
}
