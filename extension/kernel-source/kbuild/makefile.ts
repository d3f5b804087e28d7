/** What a kernel Makefile builds. Conditionals are not evaluated: all branches count. */
export interface KernelMakefile {
  /** Objects of `obj-…` and `lib-…` with what they are made of. */
  objects: BuiltObject[];
  /** Folders it goes into, relative, without the slash at the end. */
  folders: { path: string; option: string }[];
}

export interface BuiltObject {
  /** Name of the module if it is built as one. */
  module: string;
  /** The `CONFIG_…` of its list; empty when it is always built. */
  option: string;
  /** Sources relative to the Makefile's folder without `.c`, each with the option of its list. */
  parts: { source: string; option: string }[];
}

/** `ipv6-$(CONFIG_PROC_FS) += proc.o`: a list's stem, option or literal suffix, and what follows. */
const ASSIGNMENT = /^[ \t]*([\w./@-]+?)-(\$\((CONFIG_\w+)\)|\w+)[ \t]*([:+?]?)=(.*)$/;
const VARIABLE = /^[ \t]*([\w./-]+)[ \t]*[:+?]?=(.*)$/;

interface Item {
  word: string;
  option: string;
}

export function parseMakefile(text: string): KernelMakefile {
  const lists = readLists(text);
  const built = ['obj', 'lib', 'extra'].flatMap((stem) => lists.get(stem) ?? []);
  const objects: BuiltObject[] = [];
  const folders: { path: string; option: string }[] = [];
  for (const { word, option } of built) {
    if (word.endsWith('/')) folders.push({ path: word.slice(0, -1), option });
    if (!word.endsWith('.o')) continue;
    const stem = word.slice(0, -2);
    const parts = (lists.get(stem) ?? [])
      .filter((item) => item.word.endsWith('.o'))
      .map((item) => ({ source: item.word.slice(0, -2), option: item.option }));
    const module = stem.slice(stem.lastIndexOf('/') + 1).replaceAll('-', '_');
    objects.push({ module, option, parts: parts.length > 0 ? parts : [{ source: stem, option: '' }] });
  }
  return { objects, folders };
}

/** Items by the stem of their list (`obj`, `lib`, `ipv6` of `ipv6-y`, `ipv6-objs`, …), references followed. */
function readLists(text: string): Map<string, Item[]> {
  const lists = new Map<string, Item[]>();
  const variables = new Map<string, string>();
  const joined = text
    .replace(/\\\r?\n/g, ' ')
    .replace(/#.*$/gm, '')
    .replaceAll('$(BITS)', '64')
    .replace(/\$\(subst m,y,\$\(CONFIG_\w+\)\)/g, 'y');
  for (const line of joined.split('\n')) {
    const [, variable, value] = VARIABLE.exec(line) ?? [];
    if (variable !== undefined && value !== undefined)
      variables.set(variable, `${variables.get(variable) ?? ''} ${value}`);
    const [, stem, suffix, option = '', operator, rest] = ASSIGNMENT.exec(line) ?? [];
    if (stem === undefined || rest === undefined) continue;
    if (option === '' && !/^(?:y|m|objs|obj)$/.test(suffix ?? '')) continue;
    const items = [
      ...words(rest, variables).map((word) => ({ word, option })),
      ...references(rest, lists).map((item) => (item.option === '' ? { ...item, option } : item)),
    ];
    const before = lists.get(stem) ?? [];
    // `mmu-y := nommu.o` and then `mmu-$(CONFIG_MMU) := memory.o`: the second replaces the first.
    const replaced = option === '' || operator !== ':' ? before : before.map((item) => without(item, option));
    lists.set(stem, [...replaced, ...items]);
  }
  return lists;
}

function without(item: Item, option: string): Item {
  return item.option === '' ? { ...item, option: `!${option}` } : item;
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
