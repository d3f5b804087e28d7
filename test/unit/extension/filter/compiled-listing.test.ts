import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { listCbpf } from '../../../../common/bpf/cbpf-listing.ts';
import { compiledListing } from '../../../../extension/filter/compiled-listing.ts';
import { listEbpf } from '../../../../common/bpf/ebpf-listing.ts';
import { decodeCbpf } from '../../../../common/bpf/cbpf.ts';
import * as ebpf from '../../../../common/bpf/ebpf.ts';
import { translate } from '../../../../common/bpf/translate.ts';
import { compileFilter } from '../../../support/filter/compile-filter.ts';
import { FILTERS } from '../../../support/filter/filter-corpus.ts';
import { loadNativeLibpcap, type NativeLibpcap } from '../../../support/filter/native-libpcap.ts';

describe('listings', () => {
  let native: NativeLibpcap;
  before(async () => {
    native = await loadNativeLibpcap();
  });

  test('classic BPF is listed as libpcap lists it', async () => {
    let compared = 0;
    for (const text of [...FILTERS, 'vlan 5 and ip', 'ip protochain 6']) {
      for (const optimize of [true, false]) {
        const { l2, l3 } = await compileFilter(text, optimize);
        for (const program of [l2 ?? [], l3 ?? []]) {
          const expected = program.map((instruction, index) => native.image(instruction, index).trimEnd());
          assert.deepEqual(listCbpf(program), expected, text);
          compared += program.length;
        }
      }
    }
    assert.ok(compared > 1000, `${compared} instructions`);
  });

  test('eBPF in the notation of the verifier', () => {
    const listed = listEbpf([
      ebpf.alu64Register('mov', ebpf.R8, ebpf.R1),
      ebpf.load(2, ebpf.R6, ebpf.FP, -8),
      ebpf.fromBigEndian(ebpf.R6, 2),
      { ...ebpf.jump32('jne', ebpf.R6, 0x800), off: 1 },
      ebpf.alu32('neg', ebpf.R6, 0),
      ebpf.store(4, ebpf.FP, -16, ebpf.R6),
      ebpf.call(ebpf.Helper.probeReadKernel),
      ebpf.exit(),
    ]);
    assert.deepEqual(
      listed.map((line) => line.trim()),
      [
        '0: (bf) r8 = r1',
        '1: (69) r6 = *(u16 *)(r10 - 8)',
        '2: (dc) r6 = be16 r6',
        '3: (56) if w6 != 0x800 goto 5',
        '4: (84) w6 = -w6',
        '5: (63) *(u32 *)(r10 - 16) = r6',
        '6: (85) call bpf_probe_read_kernel',
        '7: (95) exit',
      ],
    );
  });

  test('every instruction of translated filters has a listing', async () => {
    for (const text of FILTERS) {
      const { l2 } = await compileFilter(text);
      for (const line of l2 === null ? [] : listEbpf(translate(decodeCbpf(l2))))
        assert.doesNotMatch(line, /\?|code 0x|undefined|helper/, `${text}: ${line}`);
    }
  });

  test('both views with their counts, and what no packet can match', async () => {
    const both = compiledListing('tcp port 80', await compileFilter('tcp port 80'));
    assert.match(both, /^Filter: tcp port 80\n/);
    assert.match(
      both,
      /DLT_EN10MB\)\n=+\n\nClassic BPF, by libpcap: \d+ instructions\n\(000\) ldh {6}\[12\]/,
    );
    assert.match(both, /DLT_RAW\)\n=+\n\nClassic BPF/);
    assert.equal(both.match(/eBPF, as it runs in the kernel: \d+ instructions/g)?.length, 2);
    const one = compiledListing('ether broadcast', await compileFilter('ether broadcast'));
    assert.match(one, /DLT_RAW\)\n=+\nNo such packet can match/);
  });
});
