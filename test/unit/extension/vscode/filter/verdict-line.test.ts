import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterDiagnostic } from '../../../../../extension/filter/diagnostics/diagnostic.ts';
import type { Completion } from '../../../../../extension/filter/language/completion.ts';
import { everyPacket, refuse, type FilterVerdict } from '../../../../../extension/filter/libpcap/verdict.ts';
import { matching, twoLines, verdictLine } from '../../../../../extension/vscode/filter/verdict-line.ts';

const line = (verdict: FilterVerdict, diagnostics: FilterDiagnostic[] = [], text = 'a b') =>
  verdictLine(text, { verdict, diagnostics });

function found(severity: FilterDiagnostic['severity'], start: number, end: number): FilterDiagnostic {
  return { start, end, severity, code: 'x', message: `the ${severity}`, fixes: [] };
}

test('a refused filter is an error with what to do', () => {
  assert.deepEqual(line(refuse('syntax error', 'See pcap-filter(7).')), {
    severity: 'error',
    message: 'syntax error. See pcap-filter(7).',
  });
});

test('the gravest message is shown, with the text that it is about', () => {
  const bad = refuse('syntax error', '');
  const both = [found('warning', 0, 1), found('error', 2, 3)];
  assert.deepEqual(line(bad, both), { severity: 'error', message: 'b: the error' });
  assert.deepEqual(line(everyPacket, [found('information', 0, 1), found('warning', 0, 1)]), {
    severity: 'warning',
    message: 'a: the warning',
  });
  const whole = { ...found('error', 0, 3), message: "can't parse filter expression: syntax error" };
  assert.equal(line(bad, [whole]).message, 'syntax error');
});

test('a filter that only one kind of packet can match is a warning', () => {
  const message = 'Matches only packets with an Ethernet header.';
  const verdict = { ...everyPacket, message, l3: { ok: false as const, message: 'no' } };
  assert.deepEqual(line(verdict), { severity: 'warning', message });
  const everyL3 = { ...everyPacket, l2: { ok: true as const, instructions: 4, everyPacket: false } };
  assert.equal(line(everyL3).severity, 'warning');
});

test('a filter that is too large to optimise is a warning', () => {
  assert.equal(line({ ...everyPacket, optimized: false }).severity, 'warning');
});

test('other filters are information', () => {
  assert.deepEqual(line(everyPacket), { severity: 'info', message: 'No filter: every packet.' });
});

test('completions by their beginning, but not what is there already', () => {
  const items = ['http', 'https', 'host'].map((text): Completion => {
    return { text, kind: 'service', detail: '', says: '' };
  });
  const texts = (typed: string) => matching(items, typed).map(({ text }) => text);
  assert.deepEqual(texts('ht'), ['http', 'https']);
  assert.deepEqual(texts('http'), ['https']);
  assert.deepEqual(texts(''), ['http', 'https', 'host']);
});

test('long texts are broken between words', () => {
  assert.deepEqual(twoLines('one two three', 8), ['one two', 'three']);
  assert.deepEqual(twoLines('one two', 8), ['one two', '']);
  assert.deepEqual(twoLines('onetwothree', 8), ['onetwothree', '']);
});
