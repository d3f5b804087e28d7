import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a function is defined in net/, found by reading the files: the test's own idea of the right answer. */
export function definition(tree: string, name: string): { file: string; line: number } {
  const pattern = new RegExp(`^(?:[a-z].*\\b)?${name}\\(`);
  for (const path of readdirSync(join(tree, 'net'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.c')) continue;
    const lines = readFileSync(join(tree, 'net', path), 'utf8').split('\n');
    const at = lines.findIndex((line) => pattern.test(line) && !line.trimEnd().endsWith(';'));
    if (at >= 0) return { file: path.slice(path.lastIndexOf('/') + 1), line: at + 1 };
  }
  throw new Error(`${name} is not defined in ${tree}/net`);
}
