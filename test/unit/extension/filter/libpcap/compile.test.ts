/** libpcap.wasm against the machine's own libpcap of the same version: verdicts, error texts, instructions. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before, describe, it } from 'node:test';
import {
  compileWith,
  libpcapVersion,
  type FilterLibrary,
} from '../../../../../extension/filter/libpcap/compile.ts';
import { wellFormedFilter, wordsInAnyOrder } from '../../../../support/filter/filter-arbitrary.ts';
import { combinations, damage, generate, handwritten } from '../../../../support/filter/libpcap-filters.ts';
import { loadFilterLibrary } from '../../../../support/filter/filter-library.ts';
import { loadNativeLibpcap, type NativeLibpcap } from '../../../../support/filter/native-libpcap.ts';

describe('libpcap.wasm and native libpcap agree', () => {
  let library: FilterLibrary;
  let native: NativeLibpcap;
  before(async () => {
    library = await loadFilterLibrary();
    native = await loadNativeLibpcap();
  });

  const count = { filters: 0, valid: 0, refused: 0, instructions: 0 };
  after(() => {
    const { filters, valid, refused, instructions } = count;
    console.log(
      `libpcap.wasm agrees with native libpcap on ${filters} filters: ${valid} programs of ${instructions} instructions, ${refused} error texts`,
    );
  });

  /** Compares a filter on both link types, by default with and without optimisation. */
  function compareOne(text: string, optimized = [true, false]): void {
    count.filters++;
    for (const link of ['EN10MB', 'RAW'] as const)
      for (const optimize of optimized) {
        const theirs = native.compile(text, link, optimize);
        const result = compileWith(library, text, link, { optimize });
        const ours = result.ok ? result : { ok: false, message: result.message };
        assert.deepEqual(ours, theirs, `${JSON.stringify(text)} for ${link}, optimize ${optimize}`);
        if (!result.ok && result.range !== null) {
          const { start, end } = result.range;
          assert.ok(
            0 <= start && start <= end && end <= text.length,
            `${JSON.stringify(text)}: ${start}-${end}`,
          );
        }
        count[theirs.ok ? 'valid' : 'refused']++;
        if (theirs.ok) count.instructions += theirs.instructions.length;
      }
  }

  function compare(filters: readonly string[], optimized?: boolean[]): { valid: number; refused: number } {
    const { valid, refused } = count;
    for (const text of filters) compareOne(text, optimized);
    return { valid: count.valid - valid, refused: count.refused - refused };
  }

  it('is the same version', () => {
    // Native adds the capture mechanism of its platform: " (with TPACKET_V3)".
    assert.equal(native.version.split(' (')[0], libpcapVersion(library));
  });

  it('on handwritten filters', () => {
    const { valid, refused } = compare(handwritten);
    assert.ok(valid > 300 && refused > 200, `${valid} valid, ${refused} refused`);
  });

  it('on combinations of words and values', () => {
    const { valid, refused } = compare(combinations(), [true]); // native asks for many a name
    assert.ok(valid > 100 && refused > 4000, `${valid} valid, ${refused} refused`);
  });

  it('on generated filters', () => {
    const { valid } = compare(generate(1500, 1));
    assert.ok(valid > 3000, `${valid} valid`);
  });

  it('on damaged filters', () => {
    const { refused } = compare(damage(generate(1000, 2), 3));
    assert.ok(refused > 1000, `${refused} refused`);
  });

  it('on filters of fast-check', () => {
    fc.assert(
      fc.property(wellFormedFilter, (text) => compareOne(text)),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(wordsInAnyOrder, (text) => compareOne(text)),
      { numRuns: 1000 },
    );
  });

  it('on every service and protocol name', () => {
    const { tcp, udp, protocols } = library.names;
    const services = [...new Set([...Object.keys(tcp), ...Object.keys(udp)])];
    compare([
      ...services.map((name) => `port \\${name}`),
      ...Object.keys(protocols).map((name) => `ip proto \\${name}`),
    ]);
  });
});
