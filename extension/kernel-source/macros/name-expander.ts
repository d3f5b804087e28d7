import { splitArguments } from '../scan/declaration.ts';
import { isPlainWord } from '../scan/directive.ts';
import type { FunctionFact } from '../scan/facts.ts';
import type { IncludeGraph } from './include-graph.ts';
import type { DefinedMacro, MacroTable } from './macro-table.ts';
import { substitute } from './substitute.ts';

const DEPTH_MAX = 8;
/** Includers of one template header, and names that they make. */
const INCLUDERS_MAX = 64;
const NAMES_MAX = 16;

interface Named {
  name: string;
  /** The file that includes the header and gives the name its parts. */
  via: number | undefined;
}

/** Expands macros within the name of a function: `static int FNAME(fetch)(…)`, `#define mtype_list TOKEN(MTYPE, _list)`. */
export class NameExpander {
  constructor(
    private readonly table: MacroTable,
    private readonly graph: IncludeGraph,
  ) {}

  ofFunction(file: number, fact: FunctionFact): Named[] {
    const result = new Map<string, Named>();
    const includers = this.graph.isHeader(file) ? this.graph.includedBy(file).slice(0, INCLUDERS_MAX) : [];
    for (const via of [undefined, ...includers]) {
      const files = via === undefined ? [file] : [file, via];
      for (const name of this.ofCall(fact, files))
        if (isPlainWord(name) && !(via !== undefined && result.has(`:${name}`)))
          result.set(`${via ?? ''}:${name}`, { name, via });
    }
    const made = [...result.values()];
    // With an includer's definitions the name has no open parts; without, it may still have.
    const byIncluders = made.filter(({ via }) => via !== undefined);
    return byIncluders.length > 0 ? byIncluders : made;
  }

  /** The names that a function's name and its macro arguments expand to. */
  ofCall(fact: FunctionFact, files: readonly number[]): string[] {
    if (fact.nameArguments === undefined) return this.expand(fact.name, files);
    const [only] = fact.nameArguments;
    // `size_t (name)(int a)`: parentheses around the name, after a type.
    if (this.table.all(fact.name).length === 0)
      return fact.nameArguments.length === 1 && only !== undefined ? this.expand(only, files) : [];
    return this.expand(`${fact.name}(${fact.nameArguments.join(',')})`, files);
  }

  /** Every text that a word or a macro call may become; itself where no macro applies. */
  expand(text: string, files: readonly number[], depth = 0): string[] {
    const trimmed = text.trim();
    if (depth > DEPTH_MAX) return [trimmed];
    if (isPlainWord(trimmed)) {
      const definitions = this.visible(trimmed, files).filter(({ parameters }) => parameters === undefined);
      const bodies = [...new Set(definitions.map(({ body }) => body))].filter((body) => body !== trimmed);
      return bodies.length === 0
        ? [trimmed]
        : unique(bodies.flatMap((body) => this.expand(body, files, depth + 1)));
    }
    const open = trimmed.indexOf('(');
    const macro = trimmed.slice(0, open).trim();
    if (open < 0 || !isPlainWord(macro)) return [trimmed];
    const values = splitArguments(trimmed.slice(open)).map((value) => this.expand(value, files, depth + 1));
    const calls = combinations(values);
    const definitions = this.table
      .visible(macro, files)
      .filter(({ parameters }) => parameters?.length === values.length);
    return unique(
      definitions.flatMap((definition) =>
        calls.flatMap((call) => this.expand(substitute(definition, call), files, depth + 1)),
      ),
    );
  }

  /** A plain word is replaced only by definitions of these very files: elsewhere it means something else. */
  private visible(name: string, files: readonly number[]): DefinedMacro[] {
    return this.table.all(name).filter(({ file }) => files.includes(file));
  }

  isRenamed(file: number, name: string): boolean {
    return this.table.all(name).some((macro) => macro.file === file && macro.parameters === undefined);
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].slice(0, NAMES_MAX);
}

function combinations(values: readonly (readonly string[])[]): string[][] {
  let result: string[][] = [[]];
  for (const choices of values)
    result = result.flatMap((before) => choices.map((choice) => [...before, choice])).slice(0, NAMES_MAX);
  return result;
}
