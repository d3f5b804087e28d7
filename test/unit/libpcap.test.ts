/** libpcap.wasm against the machine's own libpcap of the same version: verdicts, error texts, instructions. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { compileWith, libpcapVersion, type FilterLibrary } from '../../extension/filter/compile.ts';
import { combinations, damage, generate, handwritten } from './support/libpcap-filters.ts';
import { loadFilterLibrary } from './support/filter-library.ts';
import { loadNativeLibpcap, type NativeLibpcap } from './support/native-libpcap.ts';

describe('libpcap.wasm and native libpcap agree', () => {
  let library: FilterLibrary;
  let native: NativeLibpcap;
  before(async () => {
    library = await loadFilterLibrary();
    native = await loadNativeLibpcap();
  });

  /** Compares every filter on both link types, by default with and without optimisation. */
  function compare(
    filters: readonly string[],
    optimized = [true, false],
  ): { valid: number; refused: number } {
    const count = { valid: 0, refused: 0 };
    for (const text of filters)
      for (const link of ['EN10MB', 'RAW'] as const)
        for (const optimize of optimized) {
          const theirs = native.compile(text, link, optimize);
          const result = compileWith(library, text, link, { optimize });
          const ours = result.ok ? result : { ok: false, message: result.message };
          assert.deepEqual(ours, theirs, `${JSON.stringify(text)} for ${link}, optimize ${optimize}`);
          count[theirs.ok ? 'valid' : 'refused']++;
        }
    return count;
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
    const { valid, refused } = compare(combinations(), [true]);
    assert.ok(valid > 100 && refused > 4000, `${valid} valid, ${refused} refused`);
  });

  it('on generated filters', () => {
    const { valid } = compare(generate(400, 1));
    assert.ok(valid > 800, `${valid} valid`);
  });

  it('on damaged filters', () => {
    const { refused } = compare(damage(generate(300, 2), 3));
    assert.ok(refused > 300, `${refused} refused`);
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
