/** Which lines are the right ones, found by reading the files: the tests' own idea; and that an editor shows them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { cursorLine, statusBarItem } from '../../build/workbench/actions.ts';

export const VIEW_TIMEOUT = { timeout: 30_000 };

export interface SourcePlace {
  /** Relative to the tree. */
  file: string;
  /** From 1. */
  line: number;
}

/** Where a function is defined in net/. */
export function definition(tree: string, name: string): SourcePlace {
  const pattern = new RegExp(`^(?:[a-z].*\\b)?${name}\\(`);
  for (const path of readdirSync(join(tree, 'net'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.c')) continue;
    const lines = readFileSync(join(tree, 'net', path), 'utf8').split('\n');
    const at = lines.findIndex((line) => pattern.test(line) && !line.trimEnd().endsWith(';'));
    if (at >= 0) return { file: join('net', path), line: at + 1 };
  }
  throw new Error(`${name} is not defined in ${tree}/net`);
}

/** The first line with a text from where a function is defined. */
export function lineIn(tree: string, name: string, text: string): SourcePlace {
  const { file, line } = definition(tree, name);
  const lines = readFileSync(join(tree, file), 'utf8').split('\n');
  const at = lines.findIndex((each, index) => index >= line && each.includes(text));
  assert.ok(at >= 0, `${name} has a line with ${text}`);
  return { file, line: at + 1 };
}

/** Waits until the active editor has a file, with the cursor at a line. */
export async function assertOpen(page: Page, { file, line }: SourcePlace): Promise<void> {
  await page
    .locator('.tab.active')
    .filter({ hasText: basename(file) })
    .waitFor(VIEW_TIMEOUT);
  await statusBarItem(page, `Ln ${line},`).waitFor(VIEW_TIMEOUT);
  assert.equal(await cursorLine(page), line);
}
