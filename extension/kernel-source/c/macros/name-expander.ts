import { splitArguments } from '../scanner/declaration.ts';
import { isPlainWord } from '../scanner/directive.ts';
import type { FunctionFact } from '../scanner/facts.ts';
import type { IncludeGraph } from './include-graph.ts';
import type { DefinedMacro, MacroTable } from './macro-table.ts';
import { substitute } from './substitute.ts';

const DEPTH_MAX = 8;
/** Includers of one template header, and names that they make. */
const INCLUDERS_MAX = 64;
/** Headers between a template and the file that gives it its name. */
const CHAIN_MAX = 3;
const NAMES_MAX = 16;

interface ExpandedName {
  name: string;
  /** The file that includes the header and gives the name its parts. */
  objectFile: number | undefined;
}

/** Expands macros within the name of a function: `static int FNAME(fetch)(…)`, `#define mtype_list TOKEN(MTYPE, _list)`. */
export class NameExpander {
  constructor(
    private readonly table: MacroTable,
    private readonly graph: IncludeGraph,
  ) {}

  ofFunction(file: number, fact: FunctionFact): ExpandedName[] {
    const result = new Map<string, ExpandedName>();
    for (const files of [[file], ...this.includers(file)]) {
      const objectFile = files.length === 1 ? undefined : files.at(-1);
      for (const name of this.ofCall(fact, files))
        if (
          isPlainWord(name) &&
          (name !== fact.name || fact.nameArguments !== undefined) &&
          !(objectFile !== undefined && result.has(`:${name}`))
        )
          result.set(`${objectFile ?? ''}:${name}`, { name, objectFile });
    }
    const names = [...result.values()];
    if (!this.graph.isHeader(file)) return names;
    // With an includer's definitions the name has no open parts; without, it may still have.
    const byIncluders = names.filter(({ objectFile }) => objectFile !== undefined);
    return byIncluders.length > 0 ? byIncluders : names;
  }

  /** The file with one that includes it, and with what includes that, up to a file that is compiled. */
  private includers(file: number): number[][] {
    const chains: number[][] = [];
    let open = [[file]];
    for (let depth = 0; depth < CHAIN_MAX && open.length > 0; depth++) {
      const longer = open.flatMap((chain) =>
        this.graph.includedBy(chain.at(-1) ?? file).map((next) => [...chain, next]),
      );
      open = [];
      for (const chain of longer.slice(0, INCLUDERS_MAX)) {
        const last = chain.at(-1) ?? file;
        if (this.graph.isHeader(last) && depth + 1 < CHAIN_MAX && this.graph.includedBy(last).length > 0)
          open.push(chain);
        else chains.push(chain);
      }
    }
    return chains.slice(0, INCLUDERS_MAX);
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

  /**
   * A plain word is replaced by definitions of these very files, then of headers that the first includes itself;
   * one in capitals by the only definition there is. Elsewhere it means something else.
   */
  private visible(name: string, files: readonly number[]): DefinedMacro[] {
    const all = this.table.all(name);
    const own = all.filter(({ file }) => files.includes(file));
    if (own.length > 0 || all.length === 0) return own;
    const inHeaders = all.filter(({ file }) => this.graph.isHeader(file));
    if (all.length === 1 && /^[A-Z_\d]+$/.test(name)) return inHeaders;
    const included = this.graph.includes(files[0] ?? -1);
    return inHeaders.filter(({ file }) => included.includes(file));
  }

  /** Whether a file, or one that includes it as a part of itself, gives its function of this name another name. */
  isRenamed(file: number, name: string): boolean {
    const renames = this.table.all(name).filter(({ parameters }) => parameters === undefined);
    if (renames.length === 0) return false;
    if (renames.some((macro) => macro.file === file)) return true;
    if (this.graph.isHeader(file)) return false;
    const includers = this.graph.includedBy(file);
    return renames.some((macro) => includers.includes(macro.file));
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
