import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CompileResult, RefusedResult } from '../../../../../extension/filter/libpcap/compile.ts';
import { judge, remedies } from '../../../../../extension/filter/libpcap/verdict.ts';

const all: CompileResult = { ok: true, instructions: [[6, 0, 0, 262144]] };
const some: CompileResult = {
  ok: true,
  instructions: [
    [0x30, 0, 0, 9],
    [0x15, 0, 1, 6],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
  ],
};

function refused(message: string, more: Partial<RefusedResult> = {}): RefusedResult {
  return { ok: false, message, range: null, unresolved: [], tooLarge: false, ...more };
}

describe('the verdict on a filter', () => {
  it('tells which packets of a valid filter always match', () => {
    assert.equal(judge({ l2: all, l3: all, optimized: true }).message, 'Matches every packet.');
    const verdict = judge({ l2: some, l3: all, optimized: true });
    assert.match(verdict.message, /every packet that has no Ethernet header/);
    assert.deepEqual(verdict.l2, { ok: true, instructions: 4, everyPacket: false });
    assert.deepEqual(verdict.l3, { ok: true, instructions: 1, everyPacket: true });
    assert.match(judge({ l2: all, l3: some, optimized: true }).message, /every packet that has an Ethernet/);
  });

  it('does not take a program that rejects everything for one that accepts everything', () => {
    const none: CompileResult = { ok: true, instructions: [[6, 0, 0, 0]] };
    const { l2 } = judge({ l2: none, l3: some, optimized: false });
    assert.deepEqual(l2, { ok: true, instructions: 1, everyPacket: false });
  });

  it('tells which packets can never match', () => {
    const verdict = judge({ l2: refused('no such thing'), l3: some, optimized: true });
    assert.equal(verdict.ok, true);
    assert.equal(
      verdict.message,
      'Matches only packets without an Ethernet header; with one: no such thing.',
    );
  });

  it('gives both texts when the refusals differ, and one when they do not', () => {
    const verdict = judge({ l2: refused('a'), l3: refused('b'), optimized: true });
    assert.deepEqual([verdict.ok, verdict.message], [false, 'a; from the IP header: b']);
    assert.equal(judge({ l2: refused('a'), l3: refused('a'), optimized: true }).message, 'a');
  });

  it('finds the next step for each refusal', () => {
    const remedy = (result: RefusedResult) => judge({ l2: result, l3: result, optimized: true }).remedy;
    assert.equal(remedy(refused("can't parse filter expression: syntax error")), remedies.syntax);
    assert.equal(remedy(refused('expression rejects all packets')), remedies.contradiction);
    assert.equal(remedy(refused('malloc', { tooLarge: true })), remedies.tooLarge);
    assert.match(remedy(refused("unknown host 'tpc'", { unresolved: ['tpc'] })), /"tpc" is no word/);
  });

  it('refuses a filter that is too large for one kind of packet only', () => {
    const verdict = judge({ l2: refused('malloc', { tooLarge: true }), l3: some, optimized: false });
    assert.deepEqual([verdict.ok, verdict.remedy], [false, remedies.tooLarge]);
  });
});
