import { type FileFacts, FunctionFlag, type FunctionFact, type Invocation } from '../scanner/facts.ts';
import { isPlainWord } from '../scanner/directive.ts';
import { scanExpansion } from '../scanner/scan-file.ts';
import type { IncludeGraph } from './include-graph.ts';
import type { DefinedMacro, MacroTable } from './macro-table.ts';
import { NameExpander } from './name-expander.ts';
import { fillPlaceholders, isPlaceholder, placeholders, substitute } from './substitute.ts';

/** A function that a macro makes. */
interface Made {
  /** With placeholders for the arguments. */
  name: string;
  flags: number;
  /** The body has to follow the macro's use. */
  isTail: boolean;
  /** The file whose definition of a macro makes it; it may be another than the file of the use. */
  maker: number;
}

export interface GeneratedFunction extends FunctionFact {
  /** The file that the object code belongs to, where it is not the file of the line. */
  via: number | undefined;
}

type Productivity = 'none' | 'made' | 'by arguments';

const DEPTH_MAX = 12;
/** No macro of the kernel makes more; a cycle would. */
const MADE_MAX = 400;

/** Finds the functions that uses of macros make, by expanding the tree's own macros. */
export class Expander {
  /** What uses in one file make; questions come file by file. */
  private known = new Map<string, Made[]>();
  private knownFile: number | undefined;
  /** What was found in bodies with placeholders: files have the headers' macros in common. */
  private readonly scanned = new Map<string, FileFacts>();
  private readonly productive = new Map<string, Productivity>();
  private readonly names: NameExpander;

  constructor(
    private readonly table: MacroTable,
    private readonly graph: IncludeGraph,
  ) {
    this.names = new NameExpander(table, graph);
  }

  /** The functions that one use of a macro at file scope makes. */
  generated(file: number, use: Invocation): GeneratedFunction[] {
    if (!this.mayMake(use.macro)) return this.withoutMacro(use);
    if (this.knownFile !== file) this.known = new Map();
    this.knownFile = file;
    const result = new Map<string, GeneratedFunction>();
    const { line, lastLine, condition } = use;
    for (const { name, flags, isTail, maker } of this.made(file, use.macro, use.arguments, 0)) {
      if (isTail && !use.hasBody) continue;
      const via = this.graph.isHeader(maker) || maker === file ? undefined : maker;
      const allFlags = flags | (use.flags & FunctionFlag.Static) | FunctionFlag.Generated;
      result.set(name, { name, line, lastLine: isTail ? lastLine : line, flags: allFlags, condition, via });
    }
    return [...result.values()];
  }

  /** Whether a file defines a macro that gives its function of this name another name. */
  isRenamed(file: number, name: string): boolean {
    return this.names.isRenamed(file, name);
  }

  /** The names of a function whose name is, or is made by, a macro: one for each includer that gives another. */
  named(file: number, fact: FunctionFact): GeneratedFunction[] {
    return this.names.ofFunction(file, fact).map(({ name, via }) => ({
      ...fact,
      name,
      via,
      flags: fact.flags | FunctionFlag.Generated,
    }));
  }

  /** `static f(void) {`: a function without a type is one if no macro of the name exists. */
  private withoutMacro(use: Invocation): GeneratedFunction[] {
    if (!use.hasBody || this.table.all(use.macro).length > 0) return [];
    if ((use.flags & (FunctionFlag.Static | FunctionFlag.Inline)) === 0) return [];
    const { macro: name, line, lastLine, flags, condition } = use;
    return [{ name, line, lastLine, flags, condition, via: undefined }];
  }

  private mayMake(macro: string): boolean {
    return this.productivity(macro, 0) !== 'none';
  }

  /** `by arguments`: it uses an argument as the name of a macro, so that each use is expanded by itself. */
  private productivity(macro: string, depth: number): Productivity {
    const known = this.productive.get(macro);
    if (known !== undefined) return known;
    this.productive.set(macro, 'none'); // a cycle makes nothing by itself
    let result: Productivity = 'none';
    for (const definition of this.table.all(macro)) {
      if (depth > DEPTH_MAX || result === 'by arguments') break;
      if (definition.parameters === undefined) {
        if (!isPlainWord(definition.body)) continue;
        const of = this.productivity(definition.body, depth + 1);
        if (of === 'by arguments' || result === 'none') result = of;
        continue;
      }
      const { functions, invocations, tail } = this.scanDefinition(
        definition,
        placeholders(definition.parameters.length),
      );
      if (functions.length > 0 || (tail !== undefined && !('macro' in tail))) result = 'made';
      const nested = tail !== undefined && 'macro' in tail ? [...invocations, tail] : invocations;
      for (const use of nested) {
        const of = isPlaceholder(use.macro) ? 'by arguments' : this.productivity(use.macro, depth + 1);
        if (of === 'by arguments' || result === 'none') result = of;
      }
    }
    this.productive.set(macro, result);
    return result;
  }

  private made(file: number, macro: string, values: readonly string[], depth: number): Made[] {
    const productivity = depth > DEPTH_MAX ? 'none' : this.productivity(macro, 0);
    if (productivity === 'none') return [];
    if (productivity === 'by arguments') return this.expand(file, macro, values, depth, []);
    const key = `${values.length}:${macro}`;
    let known = this.known.get(key);
    if (known === undefined) {
      known = [];
      this.known.set(key, known); // what a cycle finds
      this.expand(file, macro, placeholders(values.length), depth, known);
    }
    return known.flatMap((made) =>
      this.filledNames(made.name, values, [file]).map((name) => ({ ...made, name })),
    );
  }

  private expand(
    file: number,
    macro: string,
    values: readonly string[],
    depth: number,
    into: Made[],
  ): Made[] {
    for (const definition of this.table.visible(macro, [file])) {
      if (into.length > MADE_MAX) break;
      if (definition.parameters !== undefined) this.madeBy(definition, file, values, depth, into);
      else if (isPlainWord(definition.body))
        into.push(...this.made(file, definition.body, values, depth + 1));
    }
    return into;
  }

  private madeBy(
    definition: DefinedMacro,
    file: number,
    values: readonly string[],
    depth: number,
    into: Made[],
  ): void {
    const facts = this.scanDefinition(definition, values);
    const files = [file, definition.file];
    const add = (fact: FunctionFact, isTail: boolean) => {
      const { flags } = fact;
      const names = fact.nameArguments === undefined ? [fact.name] : this.names.ofCall(fact, files);
      for (const name of names) into.push({ name, flags, isTail, maker: definition.file });
    };
    const nest = (use: Invocation, atEnd: boolean) => {
      for (const made of this.made(file, use.macro, use.arguments, depth + 1)) {
        if (made.isTail && !use.hasBody && !atEnd) continue;
        // The nested macro's definition is where the object code comes from only if it is in a .c file.
        const maker = this.graph.isHeader(made.maker) ? definition.file : made.maker;
        into.push({ ...made, isTail: made.isTail && !use.hasBody, maker });
      }
    };
    for (const fact of facts.functions) add(fact, false);
    for (const use of facts.invocations) nest(use, false);
    const { tail } = facts;
    if (tail === undefined) return;
    if ('macro' in tail) nest(tail, true);
    else add(tail, true);
  }

  /** A made name with the arguments of a use; arguments that are macro calls themselves are expanded. */
  private filledNames(name: string, values: readonly string[], files: readonly number[]): string[] {
    // `DEFINE_TIMER(static f, …)`: the words before the last are part of its type.
    const filled = fillPlaceholders(name, values)
      .trim()
      .replace(/^(?:\w+\s+)+(?=\w+$)/, '');
    if (isPlainWord(filled)) return /^[A-Za-z_\x80-\xff]/.test(filled) ? [filled] : [];
    return this.names.expand(filled, files).filter(isPlainWord);
  }

  private scanDefinition(definition: DefinedMacro, values: readonly string[]): FileFacts {
    const scan = () => scanExpansion(substitute(definition, values));
    if (!values.every(isPlaceholder)) return scan();
    const key = `${values.length} ${definition.variadic} ${definition.parameters?.join()}\n${definition.body}`;
    const known = this.scanned.get(key) ?? scan();
    this.scanned.set(key, known);
    return known;
  }
}
