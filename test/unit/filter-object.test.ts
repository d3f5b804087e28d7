import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ensureInstalled } from '../../build/debian.ts';
import { AgentFailure } from '../../remote-agent/errors.ts';
import { filterObject } from '../../remote-agent/filter/object.ts';
import type { CbpfInstruction } from '../../remote-agent/protocol.ts';
import { runEbpf } from './support/ebpf-interpreter.ts';
import { ElfFile } from './support/elf-file.ts';
import { compileBpf, libbpfLinker } from './support/libbpf-linker.ts';

/** Keeps packets whose first byte is `value`. */
const firstByteIs = (value: number): CbpfInstruction[] => [
  [0x30, 0, 0, 0],
  [0x15, 0, 1, value],
  [0x06, 0, 0, 262144],
  [0x06, 0, 0, 0],
];

const ADDRESS = 0xffff_8880_0000_1000n;

function decide(object: Uint8Array, name: string, bytes: Uint8Array): boolean {
  const args = [ADDRESS, BigInt(bytes.length), BigInt(bytes.length), 0n];
  return runEbpf(new ElfFile(object).functionCode(name), args, { address: ADDRESS, bytes }) !== 0;
}

describe('filter object', () => {
  const packet = Uint8Array.of(0x45, 1, 2, 3);

  test('each side runs its own program', () => {
    const object = filterObject({ l2: firstByteIs(0x45), l3: firstByteIs(0x60) });
    assert.equal(decide(object, 'pcap_filter_l2', packet), true);
    assert.equal(decide(object, 'pcap_filter_l3', packet), false);
    assert.equal(decide(object, 'pcap_filter_l3', Uint8Array.of(0x60)), true);
  });

  test('a refused side keeps nothing, no filter keeps everything', () => {
    const oneSided = filterObject({ l2: null, l3: firstByteIs(0x45) });
    assert.equal(decide(oneSided, 'pcap_filter_l2', packet), false);
    assert.equal(decide(oneSided, 'pcap_filter_l3', packet), true);
    const open = filterObject(null);
    for (const name of ['pcap_filter_l2', 'pcap_filter_l3'])
      assert.equal(decide(open, name, new Uint8Array(0)), true);
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
    assert.deepEqual(names, ['', '.text', '.BTF', '.BTF.ext', '.symtab', '.strtab']);
    for (const { name, offset, alignment } of elf.sections)
      assert.equal(alignment === 0 ? 0 : offset % alignment, 0, name);
    const [none, l2, l3] = elf.symbols;
    assert.equal(none!.name, '');
    assert.deepEqual([l2!.name, l3!.name], ['pcap_filter_l2', 'pcap_filter_l3']);
    assert.equal(l2!.value + l2!.size, l3!.value);
    assert.equal(l3!.value + l3!.size, elf.section('.text').data.length);
  });
});

describe("libbpf's linker", () => {
  const main = `
    typedef unsigned long long __u64;
    extern int pcap_filter_l2(__u64 data, __u64 linear, __u64 length, __u64 link);
    extern int pcap_filter_l3(__u64 data, unsigned long long linear, unsigned long long length, __u64 link);
    static __attribute__((noinline)) int other(int a) { asm volatile("" : "+r"(a)); return a; }
    char LICENSE[] __attribute__((section("license"))) = "GPL";
    __attribute__((section("raw_tp"))) int program(__u64 *c) {
      return other(c[0]) + pcap_filter_l2(c[0], c[1], c[2], c[3]) + pcap_filter_l3(c[0], c[1], c[2], c[3]);
    }`;

  for (const suite of ['bookworm', 'bookworm-backports'] as const) {
    test(`accepts the object and resolves both calls (libbpf of ${suite})`, async () => {
      await ensureInstalled(['clang']);
      const linker = await libbpfLinker(suite);
      const object = filterObject({ l2: firstByteIs(1), l3: firstByteIs(2) });
      const linked = new ElfFile(linker.link(compileBpf(main), object));
      for (const name of ['pcap_filter_l2', 'pcap_filter_l3']) {
        const symbol = linked.symbols.find((candidate) => candidate.name === name);
        assert.ok(symbol, name);
        assert.equal(linked.sections[symbol.section]?.name, '.text');
        assert.deepEqual(linked.functionCode(name), new ElfFile(object).functionCode(name));
      }
    });
  }

  test('refuses a main object that declares other parameters', async () => {
    await ensureInstalled(['clang']);
    const linker = await libbpfLinker('bookworm');
    const other = main.replace('__u64 data, __u64 linear, __u64 length, __u64 link', 'int data');
    const call = other.replace('pcap_filter_l2(c[0], c[1], c[2], c[3])', 'pcap_filter_l2(c[0])');
    assert.throws(
      () => linker.link(compileBpf(call), filterObject(null)),
      /bpf_linker__add_file of object 1/,
    );
  });
});
