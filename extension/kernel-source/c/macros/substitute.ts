import type { MacroDefinition } from '../scanner/facts.ts';

/**
 * Arguments are stood in for by one character each, from 128 up, while a macro is expanded: what it makes is
 * then known for every use with as many arguments. The scanner takes these characters for letters.
 */
const FIRST_PLACEHOLDER = 128;
const PLACEHOLDERS = 100;

export function placeholders(count: number): string[] {
  return Array.from({ length: Math.min(count, PLACEHOLDERS) }, (_, index) =>
    String.fromCharCode(FIRST_PLACEHOLDER + index),
  );
}

export function isPlaceholder(text: string): boolean {
  return text.length === 1 && text.charCodeAt(0) >= FIRST_PLACEHOLDER;
}

/** Puts arguments in the place of placeholders. */
export function fillPlaceholders(text: string, values: readonly string[]): string {
  return text.replace(/[\x80-\xff]/g, (char) => values[char.charCodeAt(0) - FIRST_PLACEHOLDER] ?? '');
}

/** A macro's body with its parameters replaced and `##` done. */
export function substitute(macro: MacroDefinition, values: readonly string[]): string {
  const { parameters = [], variadic, body } = macro;
  if (parameters.length === 0) return paste(body);
  const byName = new Map<string, string>();
  parameters.forEach((parameter, index) => {
    const isRest = variadic && index === parameters.length - 1;
    byName.set(parameter, isRest ? values.slice(index).join(', ') : (values[index] ?? ''));
  });
  const replaced = body.replace(
    /(?<hash>(?<!#)#[ \t]*)?(?<![\w$\x80-\xff])(?<word>[A-Za-z_$][\w$]*)/g,
    (all: string, hash: string | undefined, word: string) => {
      const value = byName.get(word);
      if (value === undefined) return all;
      return hash === undefined ? value : '""';
    },
  );
  return paste(replaced);
}

function paste(text: string): string {
  return text.includes('##') ? text.replace(/\s*##\s*/g, '') : text;
}
