/** A small program whose instructions of interest have symbols, so that its lines are known from its source. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureInstalled } from '../../../build/packages/debian.ts';
import { run } from '../../../build/run.ts';

export const SOURCES: Readonly<Record<string, string>> = {
  'include/net/mark.h': `
#define MARK(name) asm volatile(".globl " #name "\\n" #name ": nop")

static inline __attribute__((always_inline)) int innermost(int x)
{
	x ^= 5;
	MARK(mark_innermost);
	return x;
}
`,
  'net/core/path.c': `#include "../../include/net/mark.h"

asm(".globl _stext\\n_stext:");

int sink;

static __attribute__((noinline)) int twin(int x)
{
	MARK(mark_twin_in_path);
	return x + sink;
}

__attribute__((noinline)) int leaf(int x)
{
	MARK(mark_leaf);
	return x * 3;
}

static inline __attribute__((always_inline)) int middle(int x)
{
	{
		int doubled = x * 2;

		sink += innermost(doubled); /* calls innermost */
	}
	MARK(mark_middle);
	return x;
}

int outer(int x)
{
	MARK(mark_outer);
	if (x > 5)
		x = middle(x); /* calls middle */
	return leaf(twin(x));
}

__attribute__((section(".init.text"))) int set_up(void)
{
	MARK(mark_set_up);
	return twin(1);
}

__attribute__((noreturn, noinline)) void stop(void);
__attribute__((noinline)) void never_returns(void)
{
	stop(); /* last */
}
void stop(void)
{
	for (;;)
		asm volatile("");
}
`,
  'drivers/net/twin.c': `#include "../../include/net/mark.h"

extern int sink;

static __attribute__((noinline)) int twin(int x)
{
	sink ^= x * 77;
	sink ^= x * 78 + sink;
	MARK(mark_twin_in_driver);
	return x - sink * 21;
}

int driver(int x)
{
	return twin(x) + 1;
}
`,
};

export const TARGETS = ['x86_64-linux-gnu', 'aarch64-linux-gnu'] as const;

export interface Variant {
  target: (typeof TARGETS)[number];
  /** Version of DWARF. */
  dwarf: number;
  /** Relocatable as kernel modules are, at a fixed address as vmlinux, or anywhere. */
  kind: 'module' | 'kernel' | 'shared';
  compiler?: readonly string[];
  /** Changes what the compiler made, before it is assembled. */
  edit?: (assembly: string) => string;
}

/** Where the sources are is the checkout. */
export async function writeSources(dir: string): Promise<void> {
  for (const [path, text] of Object.entries(SOURCES)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

/** Compiles the sources in a folder and links them into `out`. */
export async function buildProgram(dir: string, out: string, variant: Variant): Promise<void> {
  await ensureInstalled(['clang', 'lld']);
  const { target, dwarf, kind, compiler = [], edit } = variant;
  await mkdir(dirname(out), { recursive: true });
  const objects: string[] = [];
  for (const path of Object.keys(SOURCES).filter((name) => name.endsWith('.c'))) {
    const object = `${out}.${objects.length}.o`;
    const options = ['-target', target, '-O2', '-g', `-gdwarf-${dwarf}`, '-ffreestanding', ...compiler];
    const model = kind === 'kernel' ? ['-fno-pic', ...kernelModel(target)] : ['-fPIC'];
    if (edit === undefined) {
      await run('clang', [...options, ...model, '-c', path, '-o', object], { cwd: dir });
    } else {
      await run('clang', [...options, ...model, '-S', path, '-o', `${object}.s`], { cwd: dir });
      await writeFile(`${object}.s`, edit(await readFile(`${object}.s`, 'utf8')));
      await run('clang', ['-target', target, '-c', `${object}.s`, '-o', object]);
    }
    objects.push(object);
  }
  const shape = {
    module: ['-r'],
    shared: ['-shared'],
    kernel: ['--image-base=0xffffffff81000000', '-e', 'outer', '-z', 'nognustack'],
  };
  await run('ld.lld', [...shape[kind], '--build-id=sha1', '-o', out, ...objects]);
}

function kernelModel(target: Variant['target']): string[] {
  return target === 'x86_64-linux-gnu' ? ['-mcmodel=kernel'] : [];
}

/** `path:line` of the only line of the sources that contains a text, except for definitions of macros. */
export function lineOf(text: string): string {
  const found = Object.entries(SOURCES).flatMap(([path, source]) =>
    source
      .split('\n')
      .map((line, index) => ({ line, place: `${path}:${index + 1}` }))
      .filter(({ line }) => line.includes(text) && !line.startsWith('#define')),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} lines with "${text}"`);
  return first.place;
}

/** GNU build id of a file, from a tool other than what is tested. */
export async function buildIdOf(path: string): Promise<string> {
  const notes = await run('llvm-readelf', ['--notes', path]);
  return /Build ID: ([\da-f]+)/.exec(notes)?.[1] ?? '';
}

/** Overwrites a piece of a file. */
export async function damage(path: string, from: number, bytes: number): Promise<void> {
  const data = await readFile(path);
  data.fill(0xff, from, from + bytes);
  await writeFile(path, data);
}
