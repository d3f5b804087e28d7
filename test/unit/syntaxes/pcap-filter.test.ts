/**
 * What each construct of pcap-filter(7) is coloured as. The pictures beside the inputs in highlighting/ are
 * to be read: after a change of the grammar write them anew with KPT_UPDATE_SNAPSHOTS=1 and read the diff.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../build/paths.ts';
import { installCodeServer } from '../../../build/workbench/code-server.ts';
import { highlight, loadGrammar, picture, readGrammar, type Span } from '../../support/filter/textmate.ts';

const dir = join(repoRoot, 'test/corpus/highlighting');

function compare(name: string, actual: string): void {
  const file = join(dir, `${name}.snap`);
  if (process.env.KPT_UPDATE_SNAPSHOTS !== undefined) writeFileSync(file, actual);
  assert.ok(existsSync(file), `${file} is not there`);
  assert.equal(actual, readFileSync(file, 'utf8'));
}

const innermost = ({ scopes }: Span) => (scopes.at(-1) ?? '').replace(/\.pcap-filter$/, '');

test('every construct of pcap-filter(7)', async () => {
  const text = readFileSync(join(dir, 'constructs.pcapfilter'), 'utf8');
  const spans = highlight(await loadGrammar('source.pcap-filter'), text);
  const show = (span: Span) => (span.text.startsWith('#') || span.scopes.length < 2 ? '' : innermost(span));
  compare('constructs', picture(text, spans, show));
  const plain = spans.filter(({ scopes, text: part }) => scopes.length === 1 && part.trim() !== '');
  assert.deepEqual(
    plain.map((span) => span.text),
    [' ; '],
    'all but a character that no filter has is coloured',
  );
});

test('filters in launch.json: only in packet-trace configurations, and never past the closing quote', async () => {
  const entry = await installCodeServer(() => undefined);
  const file = join(entry, '../../../lib/vscode/extensions/json/syntaxes/JSONC.tmLanguage.json');
  const json = readGrammar(file);
  const text = readFileSync(join(dir, 'launch.json'), 'utf8');
  const grammar = await loadGrammar('source.json.comments', { 'source.json.comments': json });
  const spans = highlight(grammar, text);
  const inFilter = ({ scopes }: Span) => scopes.includes('meta.embedded.inline.pcap-filter');
  compare(
    'launch',
    picture(text, spans, (span) => (inFilter(span) ? innermost(span) : '')),
  );

  const plain = await loadGrammar('source.json.comments', {
    'source.json.comments': { ...json, scopeName: 'source.json.comments' },
    'source.json.comments.pcap-filter-injection': {
      ...json,
      scopeName: 'source.json.comments.pcap-filter-injection',
      patterns: [],
    },
  });
  const outside = (all: Span[]) =>
    all
      .filter((span) => !inFilter(span) && span.text.trim() !== '')
      .map(({ line, text: part, scopes }) => [line, part, scopes.at(-1)]);
  const filterLines = new Set(spans.filter(inFilter).map(({ line }) => line));
  const others = (rows: ReturnType<typeof outside>) =>
    rows.filter(([line]) => !filterLines.has(Number(line)));
  assert.deepEqual(others(outside(spans)), others(outside(highlight(plain, text))));
});
