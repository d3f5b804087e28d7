/**
 * common/layouts.ts: the structures and numbers that BPF programs share with the agent and the editor, from the
 * compiler's own type information (bpf/layouts.bpf.c). The file is tracked, so that editors and checks need no
 * build; a build writes it anew when it differs.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { Btf, BtfKind } from '../common/btf/btf.ts';
import { compileBpf } from './bpf.ts';
import { repoRoot } from './paths.ts';
import { run } from './run.ts';

const file = join(repoRoot, 'common', 'layouts.ts');

/** Writes the file if it is not what the programs have. @returns whether it was right already */
export async function buildLayouts(): Promise<boolean> {
  const text = await layouts();
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return true;
  await writeFile(file, text);
  return false;
}

/** The text of the file. */
export async function layouts(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'packet-trace-layouts-'));
  try {
    const object = join(dir, 'layouts.o');
    await writeFile(object, await compileBpf(join(repoRoot, 'bpf', 'layouts.bpf.c')));
    const btf = join(dir, 'btf');
    await run('llvm-objcopy', [
      '-O',
      'binary',
      '--only-section=.BTF',
      '--set-section-flags=.BTF=alloc',
      object,
      btf,
    ]);
    const options = JSON.parse(await readFile(join(repoRoot, '.prettierrc.json'), 'utf8')) as object;
    return await format(describe(new Btf(await readFile(btf))), { ...options, parser: 'typescript' });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function describe(btf: Btf): string {
  const parts: string[] = [];
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.Var || !btf.name(id).startsWith('layout_of_')) continue;
    const type = btf.sizeOrType(btf.sizeOrType(id)); // what the variable, a pointer, points to
    parts.push(btf.kind(type) === BtfKind.Struct ? structure(btf, type) : numbers(btf, type));
  }
  if (parts.length === 0) throw new Error('bpf/layouts.bpf.c has no layouts');
  return `/** Made by build/layouts.ts from the headers of bpf/, which say what each field means. Do not edit. */\n${parts.join('')}`;
}

function structure(btf: Btf, id: number): string {
  const fields = btf.members(id).map(({ name, type, bits }) => {
    if (bits % 8 !== 0) throw new Error(`${btf.name(id)}.${name} is a bit field`);
    return `  /** ${typeName(btf, type)} */\n  ${camel(name)}: ${bits / 8},`;
  });
  const name = `${pascal(btf.name(id))}Layout`;
  return `\n/** Byte offsets in \`struct ${btf.name(id)}\`, and its size. */\nexport const ${name} = {\n${fields.join('\n')}\n  bytes: ${btf.sizeOrType(id)},\n} as const;\n`;
}

function numbers(btf: Btf, id: number): string {
  const values = btf.enumValues(id);
  const prefix = commonPrefix(values.map(({ name }) => name));
  const lines = values.map(({ name, value }) => `  ${pascal(name.slice(prefix.length))}: ${value},`);
  return `\n/** \`enum ${btf.name(id)}\` */\nexport const ${pascal(btf.name(id))} = {\n${lines.join('\n')}\n} as const;\n`;
}

/** `u32`, `u8[16]`, `char[16]` */
function typeName(btf: Btf, id: number): string {
  if (btf.kind(btf.strip(id)) === BtfKind.Array) {
    const { element, length } = btf.array(btf.strip(id));
    return `${typeName(btf, element)}[${length}]`;
  }
  return btf.name(id).replace(/^__/, '');
}

/** Up to its last `_`; none where there is one name only. */
function commonPrefix(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = others.length === 0 ? 0 : first.length;
  while (!others.every((name) => name.startsWith(first.slice(0, length)))) length--;
  return first.slice(0, first.slice(0, length).lastIndexOf('_') + 1);
}

function camel(name: string): string {
  return name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function pascal(name: string): string {
  const word = camel(name);
  return word.charAt(0).toUpperCase() + word.slice(1);
}
