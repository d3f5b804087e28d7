import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A function whose place is known without our scanner. The line counts from 1. */
export interface KnownFunction {
  name: string;
  module: string;
  path: string;
  line: number;
  address?: string;
}

/**
 * Functions that the `.c` files below a folder export: by the kernel's rules EXPORT_SYMBOL stands after the
 * function's closing brace, so that the last line in column one with the name and a parenthesis is its own.
 */
export function exportedFunctions(root: string, folder: string): KnownFunction[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.c'))
    .sort()
    .flatMap((name) => exportedBy(root, join(folder, name)));
}

function exportedBy(root: string, path: string): KnownFunction[] {
  const lines = readFileSync(join(root, path), 'latin1').split('\n');
  return lines.flatMap((text, at) => {
    const name = /^EXPORT_SYMBOL(?:_GPL)?\((\w+)\);/.exec(text)?.[1];
    if (name === undefined || lines[at - 1] !== '}') return [];
    const own = new RegExp(`^(?:[A-Za-z].*[\\s*])?${name}\\(`);
    const line = lines.slice(0, at).findLastIndex((before) => own.test(before)) + 1;
    return line === 0 ? [] : [{ name, module: '', path, line }];
  });
}
