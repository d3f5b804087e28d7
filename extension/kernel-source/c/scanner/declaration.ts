/** Kinds of tokens of a declaration. */
export const Token = { Word: 1, Group: 2, Assign: 3, Braces: 4, Other: 5 } as const;

/** More tokens than any function has before its body; a longer declaration is a table. */
const TOKENS_MAX = 120;

const STORAGE = new Set([
  ...['static', 'extern', 'inline', '__inline', '__inline__', '__always_inline', 'noinline', 'const'],
  ...[
    '__maybe_unused',
    '__used',
    'notrace',
    '__init',
    '__exit',
    '__visible',
    '__weak',
    'noinstr',
    'asmlinkage',
  ],
]);
const INLINE = new Set(['inline', '__inline', '__inline__', '__always_inline', '__force_inline']);
/** `__FORTIFY_INLINE`, `STATIC_INLINE`. */
const INLINE_MACRO = /^(?!.*no_?inline).*inline$/i;
const KEYWORDS = new Set([
  ...['if', 'else', 'for', 'while', 'do', 'switch', 'case', 'return', 'goto', 'sizeof', 'defined'],
]);
/** `typeof(x)` is a type. */
const TYPE_OF = /^(?:typeof|__typeof|__typeof__|typeof_unqual)$/;
const TYPE_WORDS = new Set([
  'void',
  'int',
  'char',
  'long',
  'short',
  'unsigned',
  'signed',
  'bool',
  'float',
  'u64',
]);

/** Words that take arguments in parentheses and are not a function's name. */
const ATTRIBUTE =
  /^(?:__attribute(?:__)?|__printf|__scanf|__acquires|__releases|__must_hold|__cond_acquires|__cond_lock|__acquire|__release|__aligned|__section|__alias|__alloc_size|__realloc_size|__nonnull|__assume_aligned|__no_sanitize|__errorf?|__warning|__malloc|__format_arg|__diagnose_as|__asm|__asm__|asm|__declspec|__target|__copy|_Alignas|__guarded_by|__requires|__excludes|__flatten)$/;

/** Whether a word with what follows in parentheses says more of the function before it. */
export function isAttribute(word: string): boolean {
  return ATTRIBUTE.test(word);
}

/** The tokens since the last declaration ended. Positions are those of the file's bytes. */
export class Declaration {
  private readonly kinds: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  private readonly texts: (string | undefined)[] = [];
  count = 0;
  private assigned = false;

  constructor(private readonly bytes: Buffer) {}

  clear(): void {
    this.count = 0;
    this.assigned = false;
  }

  add(kind: number, start: number, end: number): void {
    if (kind === Token.Assign) this.assigned = true;
    if (kind === Token.Group && this.isTypeOf(start)) {
      this.ends[this.count - 1] = end;
      this.texts[this.count - 1] = undefined;
      return;
    }
    if (kind === Token.Group) this.unwrapName();
    if (this.count === TOKENS_MAX) return;
    this.kinds[this.count] = kind;
    this.texts[this.count] = undefined;
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /** Whether the last word is `typeof`, which what is in parentheses now makes a type. */
  private isTypeOf(groupStart: number): boolean {
    const last = this.count - 1;
    if (this.kind(last) !== Token.Word) return false;
    const length = groupStart - (this.starts[last] ?? 0);
    return length >= 6 && length <= 20 && TYPE_OF.test(this.text(last));
  }

  /** `struct sk_buff *(f)(…)`: before its parameters the name is a word again. */
  private unwrapName(): void {
    const last = this.count - 1;
    if (this.kind(last) !== Token.Group || this.kind(last - 1) !== Token.Other) return;
    const name = /^\(\s*([A-Za-z_]\w*)\s*\)$/.exec(this.text(last))?.[1];
    if (name === undefined || this.text(last - 1) !== '*') return;
    const start = (this.starts[last] ?? 0) + this.text(last).indexOf(name);
    this.kinds[last] = Token.Word;
    this.texts[last] = name;
    this.starts[last] = start;
    this.ends[last] = start + name.length;
  }

  /** The kind of a token; undefined past the last. */
  kind(token: number): number | undefined {
    return token < this.count ? this.kinds[token] : undefined;
  }

  text(token: number): string {
    return (this.texts[token] ??= this.bytes.toString(
      'latin1',
      this.starts[token] ?? 0,
      this.ends[token] ?? 0,
    ));
  }

  /** The token that a function's body may follow: its name, before its parameters. */
  functionName(): number | undefined {
    if (this.assigned || this.count < 2) return undefined;
    let chosen: number | undefined;
    for (let token = 0; token + 1 < this.count; token++) {
      if (this.kind(token) !== Token.Word || this.kind(token + 1) !== Token.Group) continue;
      const word = this.text(token);
      if (ATTRIBUTE.test(word)) continue;
      if (KEYWORDS.has(word)) return undefined;
      if (chosen === undefined || this.hasType(chosen + 2, token)) chosen = token;
    }
    if (chosen === undefined || this.text(0) === 'typedef') return undefined;
    for (let token = chosen; token < this.count; token++) {
      const kind = this.kind(token);
      if (kind !== Token.Word && kind !== Token.Group) return undefined;
    }
    return chosen;
  }

  /** Whether words other than storage classes and attributes, or a `*`, stand between two tokens. */
  hasType(from: number, to: number): boolean {
    for (let token = from; token < to; token++) {
      const kind = this.kind(token);
      if (kind === Token.Braces || kind === Token.Other) return true;
      if (kind !== Token.Word || this.kind(token + 1) === Token.Group) continue;
      const word = this.text(token);
      if (!STORAGE.has(word) && !/^__[a-z]/.test(word)) return true;
      if (/^__(?:u|s|be|le|sum|wsum|poll|kernel)/.test(word)) return true;
    }
    return false;
  }

  /** Whether the first token is a word that is no storage class: a type, or a macro without arguments. */
  startsWithType(): boolean {
    return this.kind(0) === Token.Word && !STORAGE.has(this.text(0));
  }

  isStatic(before: number): boolean {
    return this.hasWord(before, (word) => word === 'static');
  }

  isInline(before: number): boolean {
    return this.hasWord(before, (word) => INLINE.has(word) || INLINE_MACRO.test(word));
  }

  isWeak(): boolean {
    for (let token = 0; token < this.count; token++) {
      if (this.kind(token) !== Token.Word) continue;
      const word = this.text(token);
      if (word === '__weak') return true;
      if (word === '__attribute__' && /\bweak\b/.test(this.text(token + 1))) return true;
    }
    return false;
  }

  /** Whether all up to the word at `token` are storage classes: then the word is a macro's name. */
  onlyStorageBefore(token: number): boolean {
    for (let i = 0; i < token; i++)
      if (this.kind(i) !== Token.Word || !STORAGE.has(this.text(i))) return false;
    return !this.text(token).endsWith(')'); // `typeof(x)`, a type
  }

  /**
   * `int (*f(int a))(int b)`, `void (f)(int a)` and `typeof(x)(*f(int a))`: the name within the parentheses after the
   * type.
   */
  nameInGroup(name: number): { start: number; end: number } | undefined {
    const isTypeOf = this.text(name).endsWith(')');
    if (!isTypeOf && this.kind(name + 2) !== Token.Group) return undefined;
    const text = this.text(name + 1);
    const pointer = /^\(\s*\*\s*(?:[a-z]\w*\s+)*(\w+)\s*\(/.exec(text);
    const plain = isTypeOf ? /^\(\s*(\w+)\s*\(/.exec(text) : null;
    const match =
      pointer ?? plain ?? (TYPE_WORDS.has(this.text(name)) ? /^\(\s*(\w+)\s*\)$/.exec(text) : null);
    if (match?.[1] === undefined) return undefined;
    const start = (this.starts[name + 1] ?? 0) + text.indexOf(match[1]);
    return { start, end: start + match[1].length };
  }

  private hasWord(before: number, test: (word: string) => boolean): boolean {
    for (let token = 0; token < before; token++)
      if (this.kind(token) === Token.Word && test(this.text(token))) return true;
    return false;
  }
}

/** The arguments in a group `(a, f(b, c))`, without white space around them; none for `()`. */
export function splitArguments(text: string): string[] {
  const result: string[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"' || char === "'") {
      for (at++; at < text.length && text[at] !== char; at++) if (text[at] === '\\') at++;
    } else if (char === '(' || char === '[' || char === '{') depth++;
    else if (char === ')' || char === ']' || char === '}') depth--;
    if ((char === ',' && depth === 1) || (depth === 0 && at > 0)) {
      result.push(text.slice(start, at).trim());
      start = at + 1;
      if (depth === 0) break;
    }
  }
  return result.length === 1 && result[0] === '' ? [] : result;
}

/** Arguments that a function's name may be made of; longer ones are code or tables and only take memory. */
export function nameArguments(group: string): string[] {
  return splitArguments(group).map((argument) => {
    const short = argument.replace(/\/\*[^]*?\*\/|\\\r?\n/g, ' ').trim();
    return short.length <= 200 ? Buffer.from(short, 'latin1').toString('latin1') : '';
  });
}
