import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyPacket, refuse } from '../../extension/filter/verdict.ts';
import { verdictLine } from '../../extension/views/verdict-line.ts';

test('a refused filter is an error with what to do', () => {
  assert.deepEqual(verdictLine(refuse('syntax error', 'See pcap-filter(7).')), {
    severity: 'error',
    message: 'syntax error. See pcap-filter(7).',
  });
});

test('a filter that only one kind of packet can match is a warning', () => {
  const message = 'Matches only packets with an Ethernet header.';
  const verdict = { ...everyPacket, message, l3: { ok: false as const, message: 'no' } };
  assert.deepEqual(verdictLine(verdict), { severity: 'warning', message });
  const everyL3 = { ...everyPacket, l2: { ok: true as const, instructions: 4, everyPacket: false } };
  assert.equal(verdictLine(everyL3).severity, 'warning');
});

test('a filter that is too large to optimise is a warning', () => {
  assert.equal(verdictLine({ ...everyPacket, optimized: false }).severity, 'warning');
});

test('other filters are information', () => {
  assert.deepEqual(verdictLine(everyPacket), { severity: 'info', message: 'No filter: every packet.' });
});
