import {
  BACKSLASH,
  endOfLogicalLine,
  endOfWord,
  HASH,
  isWord,
  NEWLINE,
  OPEN_PAREN,
  SLASH,
  STAR,
  WORD,
} from './bytes.ts';
import { ConditionStack } from './conditions.ts';
import type { MacroDefinition } from './facts.ts';

/** Longer bodies are code that is called, not what makes functions. */
const BODY_MAX = 20_000;

/** A template's number stands at most so many bytes before it is taken back. */
const UNDEFINED_WITHIN = 16_384;

/** Bodies that begin with one of these are statements or expressions, and make no function. */
const NOT_AT_FILE_SCOPE =
  /^(?:do|if|for|while|switch|return|sizeof|typeof|__typeof__|container_of|likely|unlikely|asm|__asm__)\b/;

/** In headers plain names matter where they are other names of defining macros. */
const HEADER_ALIAS = /^[A-Za-z_]\w*\s*(?:\(|##)|^\w*(?:DEFINE|DECLARE|EVENT)\w*$/;

/** Reads the preprocessor directives of one file: conditions, includes and the macros that may make functions. */
export class Directives {
  readonly conditions = new ConditionStack();
  readonly macros: MacroDefinition[] = [];
  readonly includes: string[] = [];
  private first = true;
  private guard = '';

  /** @param isHeader its first `#ifndef` is a guard against including it twice */
  constructor(
    private readonly bytes: Buffer,
    private readonly isHeader: boolean,
  ) {}

  /** Reads the directive whose `#` is at `at`. @returns the end of its last line */
  read(at: number): number {
    const { bytes } = this;
    const start = skipBlanks(bytes, at + (bytes[at] === HASH ? 1 : 0));
    const keywordEnd = endOfWord(bytes, start);
    const keyword = bytes.toString('latin1', start, keywordEnd);
    const end = endOfDirective(bytes, keywordEnd);
    if (keyword === 'define') this.define(skipBlanks(bytes, keywordEnd), end);
    else if (keyword === 'include') {
      const target = plainText(bytes, keywordEnd, end);
      if (/^[<"]/.test(target)) this.includes.push(target);
    } else if (keyword === 'undef') {
      if (!this.isHeader) this.undefine(plainText(bytes, keywordEnd, end), at);
    } else {
      const argument =
        keyword.startsWith('if') || keyword === 'elif' ? plainText(bytes, keywordEnd, end) : '';
      this.conditions.directive(keyword, argument);
      if (this.first && this.isHeader && keyword === 'ifndef') this.guard = argument;
    }
    this.first = false;
    return end;
  }

  private define(at: number, end: number): void {
    const { bytes } = this;
    const nameEnd = endOfWord(bytes, at);
    // Before any text is made: most of a tree's macros are numbers of registers.
    if (this.guard === '' && bytes[nameEnd] !== OPEN_PAREN && isNumber(bytes, nameEnd)) return;
    const name = bytes.toString('latin1', at, nameEnd);
    if (this.guard !== '' && name === this.guard) {
      this.conditions.clearTop();
      this.guard = '';
      return;
    }
    if (end - nameEnd > BODY_MAX) return;
    if (bytes[nameEnd] !== OPEN_PAREN) {
      this.defineObject(name, nameEnd, end);
      return;
    }
    const close = bytes.indexOf(')', nameEnd);
    if (close < 0 || close >= end) return;
    const bodyStart = skipBlanks(bytes, close + 1);
    const first = bytes[bodyStart] ?? 0;
    if (WORD[first] !== 1 && first !== SLASH) return;
    const body = bodyText(bytes, bodyStart, end);
    if (!/^[A-Za-z_]/.test(body) || NOT_AT_FILE_SCOPE.test(body)) return;
    const parameters = bytes
      .toString('latin1', nameEnd + 1, close)
      .split(',')
      .map((parameter) => parameter.replaceAll('\\', ' ').trim())
      .filter((parameter) => parameter !== '');
    // `#define NAME(name) name` where a file that includes this one has `name##_safe`.
    const isPlain = !this.isHeader && parameters.includes(body.trimEnd());
    if (!isPlain && !/[(]|##/.test(body)) return;
    const last = parameters.at(-1);
    const variadic = last?.endsWith('...') === true;
    if (variadic) parameters[parameters.length - 1] = last?.slice(0, -3).trim() || '__VA_ARGS__';
    this.macros.push({ name, parameters, variadic, body });
  }

  /** `#define mtype_list TOKEN(MTYPE, _list)`, and in `.c` files plain names: `#define MTYPE hash_ip4`. */
  private defineObject(name: string, nameEnd: number, end: number): void {
    const body = plainText(this.bytes, nameEnd, end);
    if (/^[<"][\w./-]+\.h[>"]$/.test(body)) this.includes.push(body); // the file of an `#include NAME`
    const wanted = this.isHeader ? HEADER_ALIAS : /^[A-Za-z_]\w*\s*(?:\(|##|$)/;
    // `#define MODULE_NAME ib_uverbs` may be a part of functions' names.
    const isPart = this.isHeader && /^[A-Z_\d]+$/.test(name) && /^[A-Za-z_]\w*$/.test(body);
    if (!(isPart || wanted.test(body)) || body === name || NOT_AT_FILE_SCOPE.test(body)) return;
    this.macros.push({ name, parameters: undefined, variadic: false, body });
  }

  /** A number matters only where it is taken back: `#define T 32`, a template's include, `#undef T`. */
  private undefine(name: string, at: number): void {
    const { bytes } = this;
    const definition = `#define ${name} `;
    const searched = bytes.subarray(Math.max(0, at - UNDEFINED_WITHIN), at);
    const start = searched.lastIndexOf(definition);
    if (start < 0) return;
    const from = at - searched.length + start + definition.length;
    const body = plainText(bytes, from, endOfLogicalLine(bytes, from));
    if (/^\d+$/.test(body)) this.macros.push({ name, parameters: undefined, variadic: false, body });
  }
}

function skipBlanks(bytes: Buffer, at: number): number {
  for (;;) {
    const byte = bytes[at];
    if (byte === BACKSLASH && bytes[at + 1] === NEWLINE) at += 2;
    else if (byte === 32 || byte === 9) at++;
    else return at;
  }
}

/** The end of the directive's last line, which a comment that began in it may move. */
function endOfDirective(bytes: Buffer, at: number): number {
  const end = endOfLogicalLine(bytes, at);
  if (!opensComment(bytes, at, end)) return end;
  const close = bytes.indexOf('*/', end);
  return close < 0 ? bytes.length : endOfLogicalLine(bytes, close);
}

/** Whether a comment begins in a range and does not end there. */
function opensComment(bytes: Buffer, from: number, end: number): boolean {
  let isOpen = false;
  for (let at = from; at + 1 < end; at++) {
    const byte = bytes[at];
    const next = bytes[at + 1];
    if (byte === SLASH && next === STAR) isOpen = true;
    else if (byte === STAR && next === SLASH) isOpen = false;
    else if (byte === SLASH && next === SLASH && !isOpen) return false;
  }
  return isOpen;
}

/** Whether a macro's body, which follows its name, begins with a digit or a parenthesis: it makes no function. */
function isNumber(bytes: Buffer, nameEnd: number): boolean {
  const first = bytes[skipBlanks(bytes, nameEnd)] ?? 0;
  return WORD[first] === 2 || first === OPEN_PAREN;
}

/** The text on one line without comments. */
function plainText(bytes: Buffer, from: number, end: number): string {
  let text = bytes.toString('latin1', from, end);
  if (text.includes('\\')) text = text.replace(/\\\r?\n/g, ' ');
  return withoutComments(text).replace(/\s+/g, ' ').trim();
}

function bodyText(bytes: Buffer, from: number, end: number): string {
  return withoutComments(bytes.toString('latin1', from, end).replace(/[ \t]*\\\r?\n/g, '\n')).trimStart();
}

function withoutComments(text: string): string {
  return text.includes('/') ? text.replace(/\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*/g, ' ') : text;
}

/** Whether a macro's argument or body needs no more expanding. */
export function isPlainWord(text: string): boolean {
  return text !== '' && [...text].every((char) => isWord(char.charCodeAt(0)));
}
