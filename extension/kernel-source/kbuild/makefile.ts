import { MakefileConditions } from './makefile-conditions.ts';

/** What a kernel Makefile builds. Options are named without `CONFIG_`; `!` stands before one that has to be off. */
export interface KernelMakefile {
  /** Objects of `obj-…` and `lib-…` with what they are made of. */
  objects: BuiltObject[];
  /** Folders it goes into, relative, without the slash at the end. */
  folders: { path: string; options: readonly string[] }[];
}

export interface BuiltObject {
  /** Name of the module if it is built as one. */
  module: string;
  /** What has to hold for it; none when it is always built. */
  options: readonly string[];
  /** Sources relative to the Makefile's folder without `.c`, each with what has to hold besides. */
  parts: { source: string; options: readonly string[] }[];
}

/** `ipv6-$(CONFIG_PROC_FS) += proc.o`: a list's stem, option or literal suffix, and what follows. */
const ASSIGNMENT = /^[ \t]*([\w./@-]+?)-(\$\(CONFIG_(\w+)\)|\w+)[ \t]*([:+?]?)=(.*)$/;
const VARIABLE = /^[ \t]*([\w./-]+)[ \t]*[:+?]?=(.*)$/;

interface Item {
  word: string;
  options: readonly string[];
}

export function parseMakefile(text: string): KernelMakefile {
  const lists = readLists(text);
  const built = ['obj', 'lib', 'extra'].flatMap((stem) => lists.get(stem) ?? []);
  const objects: BuiltObject[] = [];
  const folders: KernelMakefile['folders'] = [];
  for (const { word, options } of built) {
    if (word.endsWith('/')) folders.push({ path: word.slice(0, -1), options });
    if (!word.endsWith('.o')) continue;
    const stem = word.slice(0, -2);
    const parts = (lists.get(stem) ?? [])
      .filter((item) => item.word.endsWith('.o'))
      .map((item) => ({ source: item.word.slice(0, -2), options: item.options }));
    const module = stem.slice(stem.lastIndexOf('/') + 1).replaceAll('-', '_');
    objects.push({ module, options, parts: parts.length > 0 ? parts : [{ source: stem, options: [] }] });
  }
  return { objects, folders };
}

/** Items by the stem of their list (`obj`, `lib`, `ipv6` of `ipv6-y`, `ipv6-objs`, …), references followed. */
function readLists(text: string): Map<string, Item[]> {
  const lists = new Map<string, Item[]>();
  const variables = new Map<string, string>();
  const conditions = new MakefileConditions();
  const joined = text
    .replace(/\\\r?\n/g, ' ')
    .replace(/#.*$/gm, '')
    .replace(/\$\{(\w+)\}/g, '$($1)')
    .replace(/\$\((\w+):m=y\)/g, '$($1)')
    .replace(/\$\(if (\$\(\w+\)),y\)/g, '$1')
    .replace(/\$\(subst y,\$\(\w+\),(\$\(\w+\))\)/g, '$1')
    .replaceAll('$(BITS)', '64')
    .replace(/\$\(subst m,y,\$\(CONFIG_\w+\)\)/g, 'y');
  for (const line of joined.split('\n')) {
    if (conditions.directive(line)) continue;
    const [, variable, value] = VARIABLE.exec(line) ?? [];
    if (variable !== undefined && value !== undefined)
      variables.set(variable, `${variables.get(variable) ?? ''} ${value}`);
    const [, stem, suffix, option = '', operator, rest] = ASSIGNMENT.exec(line) ?? [];
    if (stem === undefined || rest === undefined) continue;
    if (option === '' && !/^(?:y|m|objs|obj)$/.test(suffix ?? '')) continue;
    const options = [...(option === '' ? [] : [option]), ...conditions.options];
    const items = [
      ...words(rest, variables).map((word) => ({ word, options })),
      ...references(rest, lists).map((item) => ({ ...item, options: [...item.options, ...options] })),
    ];
    const before = lists.get(stem) ?? [];
    // `mmu-y := nommu.o` and then `mmu-$(CONFIG_MMU) := memory.o`: the second replaces the first.
    const replaced = option === '' || operator !== ':' ? before : before.map((item) => without(item, option));
    lists.set(stem, [...replaced, ...items]);
  }
  return lists;
}

function without(item: Item, option: string): Item {
  return item.options.length === 0 ? { ...item, options: [`!${option}`] } : item;
}

/** The items of `$(mmu-y)` and the like in a value. */
function references(value: string, lists: ReadonlyMap<string, Item[]>): Item[] {
  return [...value.matchAll(/\$\(([\w.-]+)-(?:y|m|objs)\)/g)].flatMap(
    ([, stem = '']) => lists.get(stem) ?? [],
  );
}

/** The words of a value; `$(addprefix DIR/, a.o b.o)` and plain variables are followed. */
function words(value: string, variables: ReadonlyMap<string, string>): string[] {
  let text = value;
  for (let depth = 0; depth < 4 && text.includes('$('); depth++)
    text = text
      .replace(/\$\(addprefix\s+([^,()]*),([^()]*)\)/g, (_all, prefix: string, list: string) =>
        words(list, variables)
          .map((word) => prefix.trim() + word)
          .join(' '),
      )
      .replace(/\$\(([\w./-]+)\)/g, (_all, name: string) =>
        /-(?:y|m|objs)$/.test(name) ? '' : (variables.get(name) ?? ''),
      );
  return text.split(/\s+/).filter((word) => word !== '' && !/[$()=]/.test(word));
}
