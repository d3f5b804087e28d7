import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { run } from '../../../../../../build/run.ts';
import { DebugFile } from '../../../../../../extension/kernel-source/symbolizer/elf/debug-file.ts';
import { DwarfReader } from '../../../../../../extension/kernel-source/symbolizer/dwarf/dwarf-reader.ts';
import { isUnreadable } from '../../../../../../extension/kernel-source/symbolizer/errors.ts';
import {
  buildProgram,
  lineOf,
  TARGETS,
  type Variant,
  writeSources,
} from '../../../../../support/source/debug-program.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kernel-lines-'));
  await writeSources(dir);
});
after(() => rm(dir, { recursive: true }));

/** The chain at each mark, innermost first: `function file:line`. */
const MARKS: Readonly<Record<string, string[]>> = {
  mark_leaf: [`leaf ${lineOf('mark_leaf')}`],
  mark_outer: [`outer ${lineOf('mark_outer')}`],
  mark_middle: [`middle ${lineOf('mark_middle')}`, `outer ${lineOf('calls middle')}`],
  mark_innermost: [
    `innermost ${lineOf('mark_innermost')}`,
    `middle ${lineOf('calls innermost')}`,
    `outer ${lineOf('calls middle')}`,
  ],
  mark_set_up: [`set_up ${lineOf('mark_set_up')}`],
  mark_twin_in_path: [`twin ${lineOf('mark_twin_in_path')}`],
  mark_twin_in_driver: [`twin ${lineOf('mark_twin_in_driver')}`],
};

async function chains(path: string): Promise<Record<string, string[]>> {
  const file = await DebugFile.open(path);
  try {
    const reader = new DwarfReader(file);
    const found: Record<string, string[]> = {};
    for (const mark of Object.keys(MARKS)) {
      const [symbol, second] = file.symbols.functions(mark);
      assert.ok(symbol !== undefined && second === undefined, mark);
      found[mark] = reader
        .resolve(symbol.address)
        .map(({ function: name, file, line }) => `${name} ${relative(dir, file)}:${line}`);
    }
    return found;
  } finally {
    file.close();
  }
}

async function checkMarks(name: string, variant: Variant): Promise<string> {
  const out = join(dir, 'out', name);
  await buildProgram(dir, out, variant);
  assert.deepEqual(await chains(out), MARKS);
  return out;
}

for (const target of TARGETS) {
  for (const dwarf of [2, 4, 5]) {
    for (const kind of ['module', 'kernel', 'shared'] as const) {
      test(`lines and inline chains: ${target}, DWARF ${dwarf}, ${kind}`, async () => {
        await checkMarks(`${target}-${dwarf}-${kind}`, { target, dwarf, kind });
      });
    }
  }
  test(`functions in sections of their own: ${target}`, async () => {
    for (const dwarf of [4, 5])
      await checkMarks(`${target}-${dwarf}-sections`, {
        target,
        dwarf,
        kind: 'module',
        compiler: ['-ffunction-sections'],
      });
  });
}

const x86 = { target: TARGETS[0], dwarf: 5 } as const;

test('a file with .debug_aranges', async () => {
  const out = await checkMarks('aranges', { ...x86, kind: 'kernel', compiler: ['-gdwarf-aranges'] });
  assert.match(await run('llvm-readelf', ['-SW', out]), /\.debug_aranges/);
});

test('64-bit DWARF', async () => {
  await checkMarks('dwarf64', { ...x86, kind: 'kernel', compiler: ['-gdwarf64'] });
});

test('compressed sections, of an object file and of a linked one', async () => {
  for (const kind of ['module', 'kernel'] as const) {
    const plain = await checkMarks(`plain-${kind}`, { ...x86, kind });
    const packed = `${plain}-zlib`;
    await run('llvm-objcopy', ['--compress-debug-sections=zlib', plain, packed]);
    assert.match(await run('llvm-readelf', ['-SW', packed]), /\.debug_info.* C /);
    assert.deepEqual(await chains(packed), MARKS);
  }
});

test('zstd: read where Node has it, else refused in words', async () => {
  const out = await checkMarks('zstd', { ...x86, kind: 'kernel' });
  const compress: unknown = Reflect.get(zlib, 'zstdCompressSync');
  const canCompress = typeof compress === 'function';
  // Without it only the header matters.
  const pack = canCompress ? (compress as (data: Buffer) => Buffer) : (data: Buffer) => data;
  await writeFile(out, await withCompressedInfo(out, 2, pack));
  if (canCompress) assert.deepEqual(await chains(out), MARKS);
  else
    await assert.rejects(DebugFile.open(out), { name: 'LinesError', message: /objcopy --decompress-debug/ });
});

/** The file with .debug_info compressed, at its end: a header as in elf(5), then what `pack` makes. */
async function withCompressedInfo(
  path: string,
  type: number,
  pack: (data: Buffer) => Buffer,
): Promise<Buffer> {
  const whole = await readFile(path);
  const file = await DebugFile.open(path);
  const section = file.elf.section('.debug_info');
  file.close();
  assert.ok(section !== undefined);
  const header = Buffer.alloc(24);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(section.size, 8);
  header.writeUInt32LE(1, 16);
  const packed = pack(whole.subarray(section.offset, section.offset + section.size));
  const sectionHeader = Number(whole.readBigUInt64LE(40)) + section.index * 64;
  whole.writeBigUInt64LE(0x800n, sectionHeader + 8);
  whole.writeBigUInt64LE(BigInt(whole.length), sectionHeader + 24);
  whole.writeBigUInt64LE(BigInt(header.length + packed.length), sectionHeader + 32);
  return Buffer.concat([whole, header, packed]);
}

test('an address of no function has no lines', async () => {
  const file = await DebugFile.open(await checkMarks('outside', { ...x86, kind: 'kernel' }));
  assert.deepEqual(new DwarfReader(file).resolve(0x1234), []);
  file.close();
});

test('what is no 64-bit ELF file is refused in words', async () => {
  const source = join(dir, 'net/core/path.c');
  await assert.rejects(DebugFile.open(source), { name: 'LinesError', message: /path\.c is not an ELF file/ });
  const object = join(dir, 'i386.o');
  await run('clang', ['-target', 'i386-linux-gnu', '-ffreestanding', '-c', source, '-o', object]);
  await assert.rejects(DebugFile.open(object), { name: 'LinesError', message: /not a 64-bit/ });
});

test('damaged debug information is an error or another line, and always an end', async () => {
  for (const kind of ['module', 'kernel'] as const) {
    const out = await checkMarks(`fuzz-${kind}`, { ...x86, kind, compiler: ['-gdwarf-aranges'] });
    const whole = await readFile(out);
    const file = await DebugFile.open(out);
    const sections = file.elf.sections.filter(({ name }) =>
      /^\.(rela\.)?debug_|^\.(symtab|strtab)$/.test(name),
    );
    const address = file.symbols.functions('mark_innermost')[0]?.address ?? 0;
    file.close();
    const position = fc
      .tuple(fc.constantFrom(...sections), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
      .map(([section, share]) => section.offset + Math.floor(section.size * share));
    const change = fc.tuple(fc.oneof(position, fc.nat(63)), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = Buffer.from(whole);
        for (const [at, value] of changes) damaged[at] = value;
        await writeFile(`${out}-damaged`, damaged);
        try {
          const opened = await DebugFile.open(`${out}-damaged`);
          try {
            opened.symbols.functions('outer');
            new DwarfReader(opened).resolve(address);
          } finally {
            opened.close();
          }
        } catch (error) {
          assert.ok(isUnreadable(error), String(error));
        }
      }),
      { numRuns: 300 },
    );
  }
});
