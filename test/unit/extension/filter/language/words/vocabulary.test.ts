/** The vocabulary and the grammar have the words of libpcap's own scanner, no more and no fewer. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { unpackSource } from '../../../../../../build/packages/debian.ts';
import { repoRoot } from '../../../../../../build/paths.ts';
import { vocabulary } from '../../../../../../extension/filter/language/words/vocabulary.ts';
import { operandWords } from '../../../../../../extension/filter/language/words/primitives.ts';
import { grammarFiles, highlight, loadGrammar } from '../../../../../support/filter/textmate.ts';

interface Rule {
  match: string;
  name?: string;
  captures?: Record<string, { name: string }>;
}
interface Repository {
  repository: { keyword: { patterns: Rule[] }; operand: { patterns: Rule[] } };
}

const grammar = JSON.parse(
  readFileSync(join(repoRoot, grammarFiles['source.pcap-filter']), 'utf8'),
) as Repository;

/** The words of `(?:a|b|c)`. */
function alternatives(pattern: string): string[] {
  return /\(\?:([a-z0-9|-]+)\)/.exec(pattern)?.[1]?.split('|') ?? [];
}

describe('words of the filter language', () => {
  /** Word → the number it stands for, if any. */
  const scanner = new Map<string, number | undefined>();
  let parser: string;

  before(async () => {
    const source = await unpackSource('bookworm', 'libpcap');
    const rules = readFileSync(join(source, 'scanner.l'), 'utf8').split('%%')[1] ?? '';
    for (const line of rules.split('\n')) {
      const [, words, action] = /^([a-z][a-z0-9|"&-]*)\s+(.*)/.exec(line) ?? [];
      const number = /yylval->h = (\w+)/.exec(action ?? '')?.[1];
      for (const word of words?.split('|') ?? [])
        if (/^[a-z]/.test(word)) scanner.set(word, number === undefined ? undefined : Number(number));
    }
    parser = readFileSync(join(source, 'grammar.y.in'), 'utf8');
  });

  test('the vocabulary has the words of scanner.l and their numbers', () => {
    assert.ok(scanner.size > 150);
    const ours = Object.entries(vocabulary).map(([word, { number }]) => [word, number] as const);
    assert.deepEqual(new Map(ours.sort()), new Map([...scanner].sort()));
  });

  test('the grammar highlights the words of scanner.l as keywords', async () => {
    const words = grammar.repository.keyword.patterns.flatMap(({ match }) => alternatives(match));
    assert.deepEqual(words.sort(), [...scanner.keys()].sort());
    const textmate = await loadGrammar('source.pcap-filter');
    for (const word of words) {
      const scopes = highlight(textmate, word).map(({ text, scopes: [, scope] }) => [text, scope]);
      assert.equal(scopes.length, 1, word);
      assert.equal(scopes[0]?.[0], word);
      assert.doesNotMatch(scopes[0]?.[1] ?? '', /name/, word);
    }
  });

  test('words after "type", "llc", "reason" and others are those of grammar.y', () => {
    const linux = parser.replace(/^#if defined\(__[^]*?^#endif/gm, '');
    const ofParser = new Set(
      [...linux.matchAll(/^\t\{ \w[\w|]*,\s+"([a-z-]+)"\s+\}/gm)].map((match) => match[1] ?? ''),
    );
    for (const compared of parser.matchAll(/pcap_strcasecmp\(\$\d, "(\w+)"\)/g))
      ofParser.add(compared[1] ?? '');
    const ours = new Set(Object.values(operandWords).flat());
    assert.deepEqual([...ours].sort(), [...ofParser].sort());
    const highlighted = grammar.repository.operand.patterns.flatMap(({ match }) =>
      alternatives(match.slice(match.indexOf('\\s+'))),
    );
    assert.deepEqual([...new Set(highlighted)].sort(), [...ours].sort());
  });

  test('every word is explained, aliases point to words of their kind', () => {
    for (const [word, { says, aliasOf, kind, operand, number }] of Object.entries(vocabulary)) {
      assert.match(says, /\.$/, word);
      if (aliasOf !== undefined) assert.equal(vocabulary[aliasOf]?.kind, kind, word);
      assert.equal(kind === 'primitive', operand !== undefined, word);
      assert.equal(kind === 'offset' || kind === 'value', number !== undefined, word);
    }
  });
});
