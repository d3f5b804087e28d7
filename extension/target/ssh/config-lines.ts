/** The lines of an ssh_config(5) file: keyword and arguments, as OpenSSH splits them since 8.7. */

export interface ConfigLine {
  /** In lower case. */
  keyword: string;
  /** Without quotes, and without a comment behind them. */
  args: string[];
  /** All that follows the keyword, for commands, which are a shell's to split. */
  rest: string;
}

/** Empty lines and comments are left out. */
export function parseConfigLines(text: string): ConfigLine[] {
  return text.split('\n').flatMap((line) => {
    const [, keyword, rest] = /^\s*"?([A-Za-z]\w*)"?(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
    if (keyword === undefined || rest === undefined) return [];
    return [{ keyword: keyword.toLowerCase(), args: splitArguments(rest), rest }];
  });
}

/** Words and quoted words; a word that begins with `#` begins a comment. */
function splitArguments(text: string): string[] {
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (at >= text.length || text[at] === '#') return args;
    let word = '';
    let quote = '';
    for (; at < text.length; at++) {
      const character = text[at] ?? '';
      const next = text[at + 1] ?? '';
      if (character === '\\' && (/["'\\]/.test(next) || (quote === '' && next === ' '))) {
        word += next;
        at++;
      } else if (quote !== '') {
        if (character === quote) quote = '';
        else word += character;
      } else if (character === '"' || character === "'") {
        quote = character;
      } else if (/\s/.test(character)) {
        break;
      } else {
        word += character;
      }
    }
    args.push(word);
  }
}

/** As ssh's match_pattern_list: `*` and `?`, and a negated match rules the whole list out. */
export function matchesPatterns(patterns: readonly string[], text: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (!matchesGlob(negated ? pattern.slice(1) : pattern, text, false)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** @param sets whether `[a-z]` and `[!a]` are sets, as in file names */
export function matchesGlob(pattern: string, text: string, sets: boolean): boolean {
  const source = pattern.replace(sets ? /\*+|\?|\[!?\]?[^\]]*\]|[^\w]/g : /\*+|\?|[^\w]/g, (part) => {
    if (part.startsWith('*')) return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return `[${part.slice(1, -1).replace(/\\/g, '\\\\').replace(/^!/, '^')}]`;
    return `\\u{${(part.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return new RegExp(`^${source}$`, 'su').test(text);
}
