import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ensureInstalled } from '../../../../build/packages/debian.ts';
import * as ebpf from '../../../../common/bpf/ebpf.ts';
import { AgentFailure } from '../../../../common/errors.ts';
import { filterObject } from '../../../../remote-agent/filter/filter-object.ts';
import type { CbpfInstruction } from '../../../../common/protocol.ts';
import { runEbpf, runFilterCode } from '../../../support/bpf/ebpf-interpreter.ts';
import { ElfFile } from '../../../support/bpf/elf-file.ts';
import { compileBpf, libbpfLinker } from '../../../support/bpf/libbpf-linker.ts';

const NO_MEMORY = { address: 0n, bytes: new Uint8Array() };
const NAMES = ['pcap_filter_l2', 'pcap_filter_l3', 'pcap_tunnel_l2', 'pcap_tunnel_l3'];
const EXPRESSION = 'skb_expression';

/** Keeps packets whose first byte is `value`. */
const firstByteIs = (value: number): CbpfInstruction[] => [
  [0x30, 0, 0, 0],
  [0x15, 0, 1, value],
  [0x06, 0, 0, 262144],
  [0x06, 0, 0, 0],
];

function decide(object: Uint8Array, name: string, bytes: Uint8Array): boolean {
  return runFilterCode(new ElfFile(object).functionCode(name), { bytes }) !== 0;
}

describe('filter object', () => {
  const packet = Uint8Array.of(0x45, 1, 2, 3);

  test('each side runs its own program', () => {
    const object = filterObject({ l2: firstByteIs(0x45), l3: firstByteIs(0x60) });
    assert.equal(decide(object, 'pcap_filter_l2', packet), true);
    assert.equal(decide(object, 'pcap_filter_l3', packet), false);
    assert.equal(decide(object, 'pcap_filter_l3', Uint8Array.of(0x60)), true);
  });

  test('a tunnel has its own programs; those that are left out keep everything', () => {
    const outer = { l2: firstByteIs(1), l3: firstByteIs(2) };
    const object = filterObject({ ...outer, tunnelL2: firstByteIs(0x45) });
    assert.equal(decide(object, 'pcap_tunnel_l2', packet), true);
    assert.equal(decide(object, 'pcap_tunnel_l2', Uint8Array.of(0x60)), false);
    assert.equal(decide(object, 'pcap_tunnel_l3', packet), true);
    assert.equal(decide(filterObject({ ...outer, tunnelL3: null }), 'pcap_tunnel_l3', packet), false);
  });

  test('a refused side keeps nothing, no filter keeps everything', () => {
    const oneSided = filterObject({ l2: null, l3: firstByteIs(0x45) });
    assert.equal(decide(oneSided, 'pcap_filter_l2', packet), false);
    assert.equal(decide(oneSided, 'pcap_filter_l3', packet), true);
    const open = filterObject(null);
    for (const name of ['pcap_filter_l2', 'pcap_filter_l3'])
      assert.equal(decide(open, name, new Uint8Array(0)), true);
  });

  test('an expression on the skb is a function beside them; without one every packet meets it', () => {
    const { R0, R1, alu64Register, exit } = ebpf;
    const expression = [alu64Register('mov', R0, R1), exit()];
    const run = (object: Uint8Array, name: string) =>
      runEbpf(new ElfFile(object).functionCode(name), [5n], NO_MEMORY);
    for (const [key, name, other] of [
      ['skb', EXPRESSION, 'xdp_expression'],
      ['xdp', 'xdp_expression', EXPRESSION],
    ] as const) {
      const object = filterObject(null, undefined, { [key]: expression });
      assert.equal(run(object, name), 5);
      assert.equal(run(object, other), 1);
      assert.equal(run(filterObject(null), name), 1);
    }
  });

  test('a bad program on either side is refused', () => {
    const bad: CbpfInstruction[] = [[0xff, 0, 0, 0]];
    for (const filter of [
      { l2: bad, l3: null },
      { l2: null, l3: bad },
    ])
      assert.throws(() => filterObject(filter), AgentFailure);
  });

  test('more branches than the verifier follows are refused with what to do about it', () => {
    const tests = (count: number): CbpfInstruction[] => [
      [0x30, 0, 0, 0],
      ...Array.from({ length: count }, (_, index): CbpfInstruction => [0x15, 1, 0, index + 1]),
      [0x06, 0, 0, 1],
      [0x06, 0, 0, 0],
    ];
    assert.ok(filterObject({ l2: tests(8190), l3: null }).length > 0);
    assert.throws(
      () => filterObject({ l2: tests(8200), l3: null }),
      (error) =>
        error instanceof AgentFailure && error.code === 'bad-filter' && error.remedy.includes('fewer terms'),
    );
  });

  test('the file is what a BPF loader expects', () => {
    const elf = new ElfFile(filterObject({ l2: firstByteIs(1), l3: null }));
    assert.equal(elf.machine, 247);
    assert.equal(elf.type, 1);
    const names = elf.sections.map(({ name }) => name);
    assert.deepEqual(names, ['', '.text', '.BTF', '.BTF.ext', '.symtab', '.strtab', '.rel.text']);
    for (const { name, offset, alignment } of elf.sections)
      assert.equal(alignment === 0 ? 0 : offset % alignment, 0, name);
    const [none, ...functions] = elf.symbols;
    assert.equal(none!.name, '');
    const word = functions.pop()!;
    assert.deepEqual([word.name, word.section], ['packet_word', 0]);
    assert.deepEqual(
      functions.map(({ name }) => name),
      [...NAMES, EXPRESSION, 'xdp_expression', 'skb_metadata', 'xdp_metadata'],
    );
    let end = 0;
    for (const { value, size } of functions) {
      assert.equal(value, end);
      end += size;
    }
    assert.equal(end, elf.section('.text').data.length);
  });
});

describe("libbpf's linker", () => {
  const main = `
    typedef unsigned long long __u64;
    ${NAMES.map((name) => `extern int ${name}(__u64 data, __u64 linear, __u64 length, __u64 paged, __u64 link);`).join('\n')}
    extern int ${EXPRESSION}(__u64 skb);
    __attribute__((noinline)) __u64 packet_word(__u64 skb, __u64 position) {
      asm volatile("" : "+r"(skb), "+r"(position));
      return skb + position;
    }
    char LICENSE[] __attribute__((section("license"))) = "GPL";
    __attribute__((section("raw_tp"))) int program(__u64 *c) {
      return ${NAMES.map((name) => `${name}(c[0], c[1], c[2], c[3], c[4])`).join(' + ')} + ${EXPRESSION}(c[3]);
    }`;

  for (const suite of ['bookworm', 'bookworm-backports'] as const) {
    test(`accepts the object and resolves both calls (libbpf of ${suite})`, async () => {
      await ensureInstalled(['clang']);
      const linker = await libbpfLinker(suite);
      const object = filterObject({ l2: firstByteIs(1), l3: firstByteIs(2) });
      const linked = new ElfFile(linker.link(compileBpf(main), object));
      for (const name of [...NAMES, EXPRESSION, 'packet_word']) {
        const symbol = linked.symbols.find((candidate) => candidate.name === name);
        assert.ok(symbol, name);
        assert.equal(linked.sections[symbol.section]?.name, '.text');
      }
      // Only where packet_word is has been filled in.
      const calls = (code: Uint8Array) => code.filter((_, at) => at % 8 < 4);
      for (const name of NAMES)
        assert.deepEqual(calls(linked.functionCode(name)), calls(new ElfFile(object).functionCode(name)));
    });
  }

  test('refuses a main object that declares other parameters', async () => {
    await ensureInstalled(['clang']);
    const linker = await libbpfLinker('bookworm');
    const other = main.replace('__u64 data, __u64 linear, __u64 length, __u64 paged, __u64 link', 'int data');
    const call = other.replace('pcap_filter_l2(c[0], c[1], c[2], c[3], c[4])', 'pcap_filter_l2(c[0])');
    assert.throws(
      () => linker.link(compileBpf(call), filterObject(null)),
      /bpf_linker__add_file of object 1/,
    );
  });
});
