/**
 * Every file of test/corpus/c, with the functions and uses of macros that its comments name (`// DEF name`,
 * `// USE MACRO`), read as it is, as Git for Windows checks it out, with a byte order mark, and cut anywhere.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../../../../build/paths.ts';
import { scanFile } from '../../../../../../extension/kernel-source/c/scanner/scan-file.ts';

const folder = join(repoRoot, 'test/corpus/c');

function expected(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const [, kind, name] = /\/\/ (DEF|USE) (\w+)/.exec(line) ?? [];
    return kind === undefined ? [] : [`${index + 1} ${kind} ${name}`];
  });
}

/** Uses of macros count only where the file names some of that macro: others stand in it without a meaning. */
function found(bytes: Buffer, wanted: readonly string[]): string[] {
  const { functions, invocations } = scanFile(bytes, false);
  const uses = invocations
    .map(({ macro, line }) => `${line + 1} USE ${macro}`)
    .filter((use) => wanted.includes(use));
  return [...functions.map(({ name, line }) => `${line + 1} DEF ${name}`), ...uses].sort(byLine);
}

function byLine(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10);
}

for (const name of readdirSync(folder)) {
  const text = readFileSync(join(folder, name), 'utf8');
  const wanted = expected(text);
  const forms = { LF: text, CRLF: text.replaceAll('\n', '\r\n'), BOM: `\ufeff${text}` };
  for (const [form, content] of Object.entries(forms))
    test(`${name}, ${form}`, () => assert.deepEqual(found(Buffer.from(content), wanted), wanted));

  test(`${name}, cut at every byte: the scan ends, and what is whole is found`, () => {
    for (const content of [forms.LF, forms.CRLF]) {
      const bytes = Buffer.from(content);
      for (let length = 0; length < bytes.length; length++) {
        const { functions } = scanFile(bytes.subarray(0, length), false);
        assert.ok(functions.length <= wanted.length, `${length}`);
      }
    }
  });
}
