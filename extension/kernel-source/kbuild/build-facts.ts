/**
 * What kernel Makefiles build. Their texts come in; the objects of each source file go out, with the options that
 * they need. Read this file first, then makefile.ts.
 */
import { dirname, join } from 'node:path/posix';
import { parseMakefile } from './makefile.ts';
import { ruledSources, type SourceRule, sourceRules } from './source-rules.ts';

/** Before the module of a file that is compiled only as a part of the files that include it. */
export const INCLUDED = '~';

/** An object that a source file is compiled into. */
export interface ObjectFact {
  /** Name of the module that it is a part of, when it is built as a module. */
  module: string;
  /** The file is not in the Makefile, but included by one that is. */
  isIncluded: boolean;
  /** `CONFIG_…` options that must all be on, without the prefix; with `!` before it: off; `A|B`: one of them. */
  options: readonly string[];
}

/** Which objects the Makefiles of a tree make of which files. */
export class BuildFacts {
  private readonly byFile = new Map<string, { module: string; options: string[] }[]>();
  /** For each folder the conditions of the Makefile lines that name it: one of them has to hold. */
  private readonly folders = new Map<string, (readonly string[])[]>();

  private readonly byRule = new Set<string>();

  /** Sources that Makefiles take from outside their folders. */
  get sourcesByRule(): string[] {
    return [...this.byRule];
  }

  /** @param read the text of another file of the tree, empty where there is none */
  addMakefile(path: string, text: string, read: (path: string) => string): void {
    const folder = dirname(path) === '.' ? '' : dirname(path);
    const included = /^[ \t]*-?include[ \t]+\$\(srctree\)\/(\S+)/gm;
    const whole = text.replace(included, (_all, other: string) => (other.includes('$') ? '' : read(other)));
    const { objects, folders } = parseMakefile(whole);
    for (const { path: below, options } of folders) {
      const path = join(folder, below);
      this.folders.set(path, [...(this.folders.get(path) ?? []), options]);
    }
    const rules = sourceRules(whole);
    for (const { module, options, parts } of objects)
      for (const part of parts) {
        const file = this.sourceOf(join(folder, `${part.source}.c`), part.source, rules, read);
        const fact = { module, options: [...options, ...part.options] };
        const facts = this.byFile.get(file);
        if (facts === undefined) this.byFile.set(file, [fact]);
        else facts.push(fact);
      }
  }

  /** The source of an object: its own if there is one, else what a rule of the Makefile says. */
  private sourceOf(
    own: string,
    object: string,
    rules: readonly SourceRule[],
    read: (path: string) => string,
  ): string {
    if (rules.length === 0 || read(own) !== '') return own;
    const ruled = ruledSources(rules, object).find((path) => read(path) !== '');
    if (ruled !== undefined) this.byRule.add(ruled);
    return ruled ?? own;
  }

  /** One text for a file: `module option option;module option`. */
  encode(path: string): string {
    const above: string[] = [];
    for (let folder = dirname(path); folder !== '.' && folder !== ''; folder = dirname(folder)) {
      above.push(...common(this.folders.get(folder) ?? []));
    }
    const facts = this.byFile.get(path) ?? [];
    return facts
      .map(({ module, options }) => [module, ...new Set([...options, ...above])].join(' '))
      .join(';');
  }
}

/** What has to hold whichever line holds; of single options, one of them: `A|B`. */
function common(lines: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = lines;
  if (others.length === 0) return first;
  if (lines.some((options) => options.length !== 1)) return [];
  return [[...new Set(lines.flat())].join('|')];
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
