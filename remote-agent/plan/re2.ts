/**
 * Regular expressions as RE2 and Go write them, pwru's among them, for JavaScript's: what both have in common goes
 * through as it is. JavaScript's own look-around stays usable.
 */

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** @throws SyntaxError with what cannot be said in JavaScript */
export function fromRe2(text: string): { source: string; flags: string } {
  const [leading = '', flags = ''] = /^\(\?([ims]+)\)/.exec(text) ?? [];
  let inClass = false;
  let quoted = false;
  const token =
    /\\Q|\\E|\\x\{[0-9A-Fa-f]+\}|\\p\{\^?\w+\}|\\[\s\S]|\[:\^?\w+:\]|\[\^?\]?|\]|\(\?[A-Za-z-]*[):]|\(\?P<|[\s\S]/gi;
  const source = text.slice(leading.length).replace(token, (part) => {
    if (quoted) {
      if (part === '\\E') quoted = false;
      return part === '\\E' ? '' : part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    }
    if (part === '\\Q') quoted = true;
    if (part === '\\Q' || part === '\\E') return '';
    if (part.startsWith('\\')) return escape(part, inClass);
    if (inClass && part.startsWith('[:') && part.endsWith(':]')) return posixClass(part);
    if (!inClass && part.startsWith('[')) {
      if (part.endsWith(':]')) throw new SyntaxError(`${part} belongs into brackets: [${part}]`);
      inClass = true;
      return part.endsWith(']') ? `${part.slice(0, -1)}\\]` : part; // "]" is a member where it comes first
    }
    if (part === ']') inClass = false;
    if (!inClass && part === '(?P<') return '(?<';
    if (!inClass && /^\(\?[A-Za-z-]+[):]$/.test(part))
      throw new SyntaxError(`${part} is understood at the beginning only, as (?i), (?m) or (?s)`);
    return inClass && part.startsWith('[') ? part.replaceAll('[', '\\[') : part;
  });
  return { source, flags: [...new Set(flags)].join('') };
}

function posixClass(part: string): string {
  const name = part.slice(2, -2);
  const members = POSIX[name];
  if (members === undefined) throw new SyntaxError(`there is no class ${part}`);
  return members;
}

function escape(part: string, inClass: boolean): string {
  if (part === '\\z' && !inClass) return '(?![\\s\\S])';
  if (part === '\\A' && !inClass) return '(?<![\\s\\S])';
  if (part === '\\C' && !inClass) return '[\\s\\S]';
  if (part === '\\a') return '\\x07';
  if (/^\\x\{/i.test(part)) {
    const code = part.slice(3, -1).padStart(4, '0');
    if (code.length > 4) throw new SyntaxError(`${part} is no character of a function's name`);
    return `\\u${code}`;
  }
  if (/^\\[A-Za-z]/.test(part) && !/^\\[bBdDfnrsStvwWx]$/.test(part))
    throw new SyntaxError(`there is no ${part}`);
  return part;
}
