/** Highlights as VS Code does: vscode-textmate with the repository's grammars. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Oniguruma from 'vscode-oniguruma';
import type * as TextMate from 'vscode-textmate';
import type { IGrammar, IRawGrammar } from 'vscode-textmate';
import { repoRoot } from '../../../build/paths.ts';

// Bundles whose exports Node's loader of modules does not see.
const require = createRequire(import.meta.url);
const { loadWASM, OnigScanner, OnigString } = require('vscode-oniguruma') as typeof Oniguruma;
const { INITIAL, parseRawGrammar, Registry } = require('vscode-textmate') as typeof TextMate;

export const grammarFiles = {
  'source.pcap-filter': 'syntaxes/pcap-filter.tmLanguage.json',
  'source.json.comments.pcap-filter-injection': 'syntaxes/launch-filter.injection.tmLanguage.json',
} as const;

export interface Span {
  line: number;
  start: number;
  end: number;
  text: string;
  /** From the outermost to the innermost. */
  scopes: string[];
}

/** @param others grammars of other extensions by scope, and the scopes they are injected into by ours */
export async function loadGrammar(
  scope: string,
  others: Record<string, IRawGrammar> = {},
): Promise<IGrammar> {
  const wasm = readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm'));
  await loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length));
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new OnigScanner(patterns),
      createOnigString: (text) => new OnigString(text),
    }),
    loadGrammar: (name) => Promise.resolve(others[name] ?? ownGrammar(name)),
    getInjections: (name) => (name === 'source.json.comments' ? [`${name}.pcap-filter-injection`] : []),
  });
  const grammar = await registry.loadGrammar(scope);
  if (grammar === null) throw new Error(`no grammar for ${scope}`);
  return grammar;
}

export function readGrammar(file: string): IRawGrammar {
  return parseRawGrammar(readFileSync(file, 'utf8'), file);
}

function ownGrammar(scope: string): IRawGrammar | null {
  const file = Object.entries(grammarFiles).find(([name]) => name === scope)?.[1];
  return file === undefined ? null : readGrammar(join(repoRoot, file));
}

export function highlight(grammar: IGrammar, text: string): Span[] {
  let state = INITIAL;
  return text.split('\n').flatMap((line, number) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    return tokens.map(({ startIndex, endIndex, scopes }) => {
      const end = Math.min(endIndex, line.length);
      return { line: number, start: startIndex, end, text: line.slice(startIndex, end), scopes };
    });
  });
}

/** The text with, below each line, what the scopes chosen by `show` mark in it. */
export function picture(text: string, spans: readonly Span[], show: (span: Span) => string): string {
  const lines = text.split('\n').flatMap((line, number) => {
    const marks = spans
      .filter((span) => span.line === number && span.text.trim() !== '' && show(span) !== '')
      .map((span) => `${' '.repeat(span.start + 1)}${'^'.repeat(span.end - span.start)} ${show(span)}`);
    return [`>${line}`, ...marks];
  });
  return lines.join('\n');
}
