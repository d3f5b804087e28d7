import { dirname, join } from 'node:path/posix';
import { parseMakefile } from './makefile.ts';

/** Before the module of a file that is compiled only as a part of the files that include it. */
export const INCLUDED = '~';

/** An object that a source file is compiled into. */
export interface ObjectFact {
  /** Name of the module that it is a part of, when it is built as a module. */
  module: string;
  /** The file is not in the Makefile, but included by one that is. */
  isIncluded: boolean;
  /** `CONFIG_…` options that must all be on, without the prefix; with `!` before it: off, with
   * `?` after it: may be a module, `?y` the same but on by default. */
  options: readonly string[];
}

/** Which objects the Makefiles of a tree make of which files. */
export class BuildFacts {
  private readonly byFile = new Map<string, { module: string; options: string[] }[]>();
  private readonly folderOption = new Map<string, string>();
  private readonly tristate = new Map<string, string>();

  /** @param read the text of another file of the tree, for `include $(srctree)/…` */
  addMakefile(path: string, text: string, read: (path: string) => string): void {
    const folder = dirname(path) === '.' ? '' : dirname(path);
    const included = /^[ \t]*-?include[ \t]+\$\(srctree\)\/(\S+)/gm;
    const whole = text.replace(included, (_all, other: string) => (other.includes('$') ? '' : read(other)));
    const { objects, folders } = parseMakefile(whole);
    for (const { path: below, option } of folders)
      if (option !== '') this.folderOption.set(join(folder, below), plain(option));
    for (const { module, option, parts } of objects)
      for (const part of parts) {
        const file = join(folder, `${part.source}.c`);
        const fact = { module, options: [option, part.option].filter((each) => each !== '').map(plain) };
        const facts = this.byFile.get(file);
        if (facts === undefined) this.byFile.set(file, [fact]);
        else facts.push(fact);
      }
  }

  /** Notes the options that may be built as a module, and which of them are on by default. */
  addKconfig(text: string): void {
    let option = '';
    for (const line of text.split('\n')) {
      const [, name] = /^[ \t]*(?:menu)?config[ \t]+(\w+)/.exec(line) ?? [];
      if (name !== undefined) option = name;
      else if (/^[ \t]+(?:def_)?tristate\b/.test(line)) this.tristate.set(option, '?');
      else if (this.tristate.has(option) && /^[ \t]+default y\s*$/.test(line))
        this.tristate.set(option, '?y');
    }
  }

  /** One text for a file: `module option option;module option`, marked as ObjectFact tells. */
  encode(path: string): string {
    const above: string[] = [];
    for (let folder = dirname(path); folder !== '.' && folder !== ''; folder = dirname(folder)) {
      const option = this.folderOption.get(folder);
      if (option !== undefined) above.push(option);
    }
    const mark = (option: string) => `${option}${this.tristate.get(option) ?? ''}`;
    const facts = this.byFile.get(path) ?? [];
    return facts
      .map(({ module, options }) => [module, ...new Set([...options, ...above].map(mark))].join(' '))
      .join(';');
  }
}

function plain(option: string): string {
  return option.replace(/^(!?)CONFIG_/, '$1');
}

/** Reads what `encode` wrote. */
export function decodeObjects(text: string): ObjectFact[] {
  if (text === '') return [];
  return text.split(';').map((part) => {
    const [module = '', ...options] = part.split(' ');
    const isIncluded = module.startsWith(INCLUDED);
    return { module: isIncluded ? module.slice(INCLUDED.length) : module, isIncluded, options };
  });
}
