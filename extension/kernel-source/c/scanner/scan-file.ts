/**
 * C without a compiler. The bytes of one file come in; functions, uses of macros, macros and includes at file scope
 * go out (facts.ts). Read this file first, then declaration.ts, which tells what is a function, and directive.ts.
 */
import * as B from './bytes.ts';
import { Declaration, isAttribute, nameArguments, Token } from './declaration.ts';
import { Directives } from './directive.ts';
import { type FileFacts, FunctionFlag, type FunctionFact, type Invocation } from './facts.ts';

/** Macros that stand at file scope by the ten thousand and never make a function. */
const NO_FUNCTION =
  /^(?:EXPORT_|MODULE_|module_(?:init|exit|param)|__setup|ALLOW_ERROR_INJECTION|static_assert)/;

/**
 * Finds what a C file defines at file scope: functions, macro uses, macros and includes. Bodies are skipped,
 * so that a file costs little more than reading it.
 */
export function scanFile(bytes: Buffer, isHeader: boolean): FileFacts {
  const facts = new FileScanner(B.withUnixLines(bytes), isHeader).scan();
  if (facts.tail !== undefined && 'macro' in facts.tail) facts.invocations.push(facts.tail); // no semicolon needed
  return facts;
}

/** As `scanFile`, of the text that a macro expands to. */
export function scanExpansion(text: string): FileFacts {
  return new FileScanner(Buffer.from(text, 'latin1'), false, true).scan();
}

class FileScanner {
  private readonly declaration: Declaration;
  private readonly directives: Directives;
  private readonly functions: FunctionFact[] = [];
  private readonly invocations: Invocation[] = [];
  /** The conditions where the declaration begins; directives may stand before its end. */
  private condition = '';
  /** The line that was asked for last, and where it starts and ends. */
  private line = -1;
  private lineStart = 0;
  private lineEnd = -1;
  private hashAt = -1;
  private openAt = -1;
  /** Parentheses that nothing closes. */
  private readonly unclosed = new Set<number>();

  constructor(
    private readonly bytes: Buffer,
    isHeader: boolean,
    /** Of a macro: its lines say nothing. */
    private readonly isExpansion = false,
  ) {
    this.declaration = new Declaration(bytes);
    this.directives = new Directives(bytes, isHeader);
  }

  scan(): FileFacts {
    const { bytes } = this;
    let at = 0;
    while (at < bytes.length) at = this.step(at);
    const { functions, invocations, directives } = this;
    const tail = this.tail();
    return { functions, invocations, macros: directives.macros, includes: directives.includes, tail };
  }

  /** Takes one token. @returns the position after it */
  private step(at: number): number {
    const { bytes, declaration } = this;
    const byte = bytes[at] ?? 0;
    if (B.WORD[byte] !== 0) return this.word(at);
    switch (byte) {
      case 32:
      case 9:
      case B.NEWLINE:
        return at + 1;
      case B.SLASH:
        return Math.max(B.skipComment(bytes, at), at + 1);
      case B.HASH:
        if (B.isFirstInLine(bytes, at)) return this.directives.read(at);
        return at + 1;
      case B.QUOTE:
      case B.APOSTROPHE:
        return B.skipQuoted(bytes, at);
      case B.OPEN_PAREN: {
        const end = this.groupEnd(at);
        if (end === undefined) {
          declaration.clear();
          return at + 1;
        }
        this.conditionsWithin(at, end);
        declaration.add(Token.Group, at, end);
        return end;
      }
      case 61: // =
        declaration.add(Token.Assign, at, at + 1);
        return at + 1;
      case 59: // ;
        this.endDeclaration();
        return at + 1;
      case B.OPEN_BRACE:
        return this.braces(at);
      case B.CLOSE_BRACE:
        declaration.clear();
        return at + 1;
      default:
        declaration.add(Token.Other, at, at + 1);
        return at + 1;
    }
  }

  /** After the `)` of the `(` at `at`. A text without any is read once, not once for each `(`. */
  private groupEnd(at: number): number | undefined {
    if (this.unclosed.has(at)) return undefined;
    const end = B.skipParentheses(this.bytes, at);
    if (end !== undefined) return end;
    const unclosed: number[] = [];
    B.skipParentheses(this.bytes, at, unclosed);
    for (const open of unclosed) this.unclosed.add(open);
    return undefined;
  }

  private word(at: number): number {
    const { bytes, declaration } = this;
    const { count, ends } = declaration;
    // A macro use that no semicolon ends: the next declaration begins on a line of its own.
    if (count >= 2 && declaration.kind(count - 1) === Token.Group && this.isMacroUse()) {
      const newline = bytes.indexOf(B.NEWLINE, ends[count - 1]);
      const isNextLine = newline >= 0 && newline < at;
      if ((isNextLine || this.isExpansion) && !this.isAttributeAt(at)) this.endDeclaration();
    } else if (count === 1 && this.isParagraphEnd(ends[0] ?? at, at) && declaration.startsWithType())
      declaration.clear(); // the use of a macro that takes no arguments
    const end = B.endOfWord(bytes, at);
    if (declaration.count === 0) this.condition = this.directives.conditions.text;
    declaration.add(Token.Word, at, end);
    return end;
  }

  /** `DEFINE_CALLBACK(f)` and on the next line, before the body, `__releases(&lock)`. */
  private isAttributeAt(at: number): boolean {
    return (
      this.bytes[at] === 95 && isAttribute(this.bytes.toString('latin1', at, B.endOfWord(this.bytes, at)))
    );
  }

  /** Whether an empty line or a directive ends what came before: no type stands so far from its function. */
  private isParagraphEnd(from: number, at: number): boolean {
    return at > from + 1 && /\n[ \t]*(?:\n|#)/.test(this.bytes.toString('latin1', from, at));
  }

  /**
   * Whether the declaration is just `[static] WORD (…)`. Uses of macros without arguments may stand before it,
   * without a semicolon; then a name in capitals at the start of a line is taken for a macro.
   */
  private isMacroUse(): boolean {
    const { declaration, bytes } = this;
    const name = declaration.count - 2;
    if (declaration.kind(name) !== Token.Word) return false;
    if (declaration.onlyStorageBefore(name)) return true;
    const start = declaration.starts[name] ?? 0;
    return bytes[start - 1] === B.NEWLINE && /^[A-Z][A-Z0-9_]+$/.test(declaration.text(name));
  }

  private endDeclaration(): void {
    const { declaration } = this;
    const { count } = declaration;
    if (count >= 2 && declaration.kind(count - 1) === Token.Group && this.isMacroUse())
      this.addInvocation(count - 2, false, undefined);
    else if (
      count >= 4 &&
      declaration.kind(count - 2) === Token.Word &&
      declaration.text(count - 2) === '__alias'
    )
      this.addAlias();
    declaration.clear();
  }

  /** `long name(int a) __alias(other);` makes a symbol. */
  private addAlias(): void {
    const name = this.declaration.functionName();
    const end = this.declaration.ends[this.declaration.count - 1] ?? 0;
    const condition = this.directives.conditions.text;
    if (name !== undefined) this.functions.push(this.functionFact(name, { open: end, end, condition }));
  }

  private braces(at: number): number {
    const { declaration } = this;
    const name = declaration.functionName();
    const condition = this.directives.conditions.text;
    const end = this.skipBody(at, name !== undefined);
    if (name === undefined) {
      // A brace alone in column one ends a function, if one with a head that is not understood; types go on with `;`.
      if (this.bytes[end - 2] === B.NEWLINE && this.bytes[end] === B.NEWLINE) declaration.clear();
      else declaration.add(Token.Braces, at, end);
      return end;
    }
    if (declaration.onlyStorageBefore(name) && declaration.kind(name + 2) !== Token.Group)
      this.addInvocation(name, true, { end, condition });
    else this.functions.push(this.functionFact(name, { open: at, end, condition }));
    declaration.clear();
    return end;
  }

  private addInvocation(
    name: number,
    hasBody: boolean,
    body: { end: number; condition: string } | undefined,
  ): void {
    const macro = this.declaration.text(name);
    if (NO_FUNCTION.test(macro)) return;
    const group = this.declaration.text(name + 1);
    const line = this.lineOf(this.declaration.starts[name] ?? 0);
    this.invocations.push({
      macro,
      arguments: nameArguments(group),
      line,
      lastLine: this.lineOf(body?.end ?? this.declaration.ends[name + 1] ?? 0),
      flags: this.flags(name, group),
      condition: body?.condition ?? this.condition,
      hasBody,
    });
  }

  private functionFact(name: number, body: { open: number; end: number; condition: string }): FunctionFact {
    const { declaration } = this;
    const inGroup = declaration.nameInGroup(name);
    const start = inGroup?.start ?? declaration.starts[name] ?? 0;
    const isMacroName = inGroup === undefined && declaration.kind(name + 2) === Token.Group;
    const parameters = declaration.text(isMacroName ? name + 2 : name + 1);
    const line = this.lineOf(start);
    const openLine = this.lineOf(body.open);
    const lastLine = this.lineOf(body.end);
    const isStub = lastLine - openLine <= 3;
    return {
      name:
        inGroup === undefined ? declaration.text(name) : this.bytes.toString('latin1', start, inGroup.end),
      line,
      lastLine,
      flags: this.flags(name, parameters) | (isStub ? FunctionFlag.Stub : 0),
      condition: body.condition,
      ...(isMacroName && { nameArguments: nameArguments(declaration.text(name + 1)) }),
    };
  }

  private flags(name: number, parameters: string): number {
    return (
      (this.declaration.isStatic(name) ? FunctionFlag.Static : 0) |
      (this.declaration.isInline(name) ? FunctionFlag.Inline : 0) |
      (this.declaration.isWeak() ? FunctionFlag.Weak : 0) |
      (parameters.includes('sk_buff') ? FunctionFlag.TakesSkb : 0)
    );
  }

  private tail(): FunctionFact | Invocation | undefined {
    const { declaration } = this;
    const name = declaration.functionName();
    if (name === undefined) return undefined;
    const condition = '';
    if (!declaration.onlyStorageBefore(name) || declaration.kind(name + 2) === Token.Group)
      return this.functionFact(name, { open: this.bytes.length, end: this.bytes.length, condition });
    this.addInvocation(name, false, undefined);
    return this.invocations.pop();
  }

  /** After the `}` of the `{` at `at`; directives between them are read. */
  private skipBody(at: number, isFunction: boolean): number {
    const { bytes } = this;
    const lineStart = bytes.lastIndexOf(B.NEWLINE, at) + 1;
    const first = bytes[lineStart];
    // Kernel style: the body of a function that starts in column one ends with a brace in column one.
    if (!isFunction || first === 32 || first === 9 || !this.isLastInLine(at + 1)) return this.skipBraces(at);
    const close = bytes.indexOf('\n}', at);
    // The next function begins before: this one ends with a brace elsewhere.
    if (this.nextBody(at) < close) return this.skipBraces(at);
    const end = close < 0 ? bytes.length : close + 2;
    this.conditionsWithin(at, end);
    return end;
  }

  /** The next `{` in column one after a position, or the end. */
  private nextBody(from: number): number {
    const { bytes } = this;
    if (this.openAt <= from) {
      const at = bytes.indexOf('\n{', from);
      this.openAt = at < 0 ? bytes.length : at;
    }
    return this.openAt;
  }

  private isLastInLine(at: number): boolean {
    const { bytes } = this;
    for (; at < bytes.length && bytes[at] !== B.NEWLINE; at++) {
      const byte = bytes[at];
      if (byte === B.SLASH) {
        const end = B.skipComment(bytes, at);
        if (end === at) return false;
        const newline = bytes.indexOf(B.NEWLINE, at);
        if (newline < 0 || newline <= end) return true;
        at = end - 1;
        continue;
      }
      if (byte !== 32 && byte !== 9 && byte !== 13) return false;
    }
    return true;
  }

  /** Reads the directives that stand within a range that is otherwise skipped. */
  private conditionsWithin(from: number, end: number): void {
    let at = this.nextHash(from);
    while (at < end) {
      const after = B.isFirstInLine(this.bytes, at) ? this.directives.read(at) : at + 1;
      at = this.nextHash(Math.min(after, end));
    }
  }

  /** The next `#` from a position on, or the end. Found once: most functions have none, and files few. */
  private nextHash(from: number): number {
    const { bytes } = this;
    if (this.hashAt < from) {
      const at = bytes.indexOf(B.HASH, from);
      this.hashAt = at < 0 ? bytes.length : at;
    }
    return this.hashAt;
  }

  /** Counts braces; each branch of an `#if` starts with the depth that the first one had. */
  private skipBraces(at: number): number {
    const { bytes } = this;
    const depths: number[] = [];
    let depth = 0;
    for (at = B.skipPlain(bytes, at); at < bytes.length; at = B.skipPlain(bytes, at)) {
      const byte = bytes[at];
      if (byte === B.OPEN_BRACE) depth++;
      else if (byte === B.CLOSE_BRACE) {
        if (--depth <= 0 || (bytes[at - 1] === B.NEWLINE && depth > 0)) return at + 1;
      } else if (byte === B.QUOTE || byte === B.APOSTROPHE) {
        at = B.skipQuoted(bytes, at);
        continue;
      } else if (byte === B.SLASH) {
        const after = B.skipComment(bytes, at);
        if (after !== at) {
          at = after;
          continue;
        }
      } else if (byte === B.HASH && B.isFirstInLine(bytes, at)) {
        const end = this.directives.read(at);
        const keyword = /^#\s*(if|el|endif)/.exec(bytes.toString('latin1', at, at + 20))?.[1];
        if (keyword === 'if') depths.push(depth);
        else if (keyword === 'el') depth = depths.at(-1) ?? depth;
        else if (keyword === 'endif') depths.pop();
        at = end;
        continue;
      }
      at++;
    }
    return bytes.length;
  }

  /** The line of a position; cheap where positions come in order. */
  private lineOf(position: number): number {
    const { bytes } = this;
    if (position < this.lineStart) [this.line, this.lineStart, this.lineEnd] = [-1, 0, -1];
    while (this.lineEnd < position) {
      const end = bytes.indexOf(B.NEWLINE, this.lineEnd + 1);
      this.line++;
      this.lineStart = this.lineEnd + 1;
      this.lineEnd = end < 0 ? bytes.length : end;
    }
    return this.line;
  }
}
