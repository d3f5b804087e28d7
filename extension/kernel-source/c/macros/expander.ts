/**
 * Functions that macros define. What the scanner found in all files comes in; functions with their names as the
 * linker has them go out. Read this file first: macro-table.ts holds the macros, include-graph.ts tells which of
 * them a file sees, name-expander.ts expands names, substitute.ts bodies.
 */
import { isPlainWord } from '../scanner/directive.ts';
import { type FileFacts, FunctionFlag, type FunctionFact, type Invocation } from '../scanner/facts.ts';
import { scanExpansion } from '../scanner/scan-file.ts';
import type { IncludeGraph } from './include-graph.ts';
import type { DefinedMacro, MacroTable } from './macro-table.ts';
import { NameExpander } from './name-expander.ts';
import { fillPlaceholders, isPlaceholder, placeholders, substitute } from './substitute.ts';

/** A function that the expansion of a macro defines. */
interface ExpandedFunction {
  /** With placeholders for the arguments. */
  name: string;
  flags: number;
  /** The body has to follow the macro's use. */
  isTail: boolean;
  /** The file with the macro's definition; it may be another than the file of the use. */
  definingFile: number;
}

export interface GeneratedFunction extends FunctionFact {
  /** The file that the object code belongs to, where it is not the file of the line. */
  objectFile: number | undefined;
}

/** `by arguments`: it uses an argument as the name of a macro, so that each use is expanded by itself. */
type MayDefine = 'no' | 'yes' | 'by arguments';

const DEPTH_MAX = 12;
/** No macro of the kernel defines more; a cycle would. */
const FUNCTIONS_MAX = 400;

/** Finds the functions that uses of macros define, by expanding the tree's own macros. */
export class Expander {
  /** What uses in one file define; questions come file by file. */
  private known = new Map<string, ExpandedFunction[]>();
  private knownFile: number | undefined;
  /** What was found in bodies with placeholders: files have the headers' macros in common. */
  private readonly scanned = new Map<string, FileFacts>();
  private readonly defining = new Map<string, MayDefine>();
  private readonly names: NameExpander;

  constructor(
    private readonly table: MacroTable,
    private readonly graph: IncludeGraph,
  ) {
    this.names = new NameExpander(table, graph);
  }

  /** The functions that one use of a macro at file scope defines. */
  generated(file: number, use: Invocation): GeneratedFunction[] {
    if (this.mayDefineFunctions(use.macro, 0) === 'no') return this.withoutMacro(use);
    if (this.knownFile !== file) this.known = new Map();
    this.knownFile = file;
    const result = new Map<string, GeneratedFunction>();
    const { line, lastLine, condition } = use;
    for (const expanded of this.expanded(file, use.macro, use.arguments, 0)) {
      const { name, isTail, definingFile } = expanded;
      if (isTail && !use.hasBody) continue;
      const isOwn = this.graph.isHeader(definingFile) || definingFile === file;
      const flags = expanded.flags | (use.flags & FunctionFlag.Static) | FunctionFlag.Generated;
      const objectFile = isOwn ? undefined : definingFile;
      result.set(name, { name, line, lastLine: isTail ? lastLine : line, flags, condition, objectFile });
    }
    return [...result.values()];
  }

  /** Whether a file defines a macro that gives its function of this name another name. */
  isRenamed(file: number, name: string): boolean {
    return this.names.isRenamed(file, name);
  }

  /** The names of a function whose name is, or is made by, a macro: one for each includer that gives another. */
  named(file: number, fact: FunctionFact): GeneratedFunction[] {
    const flags = fact.flags | FunctionFlag.Generated;
    return this.names.ofFunction(file, fact).map((expanded) => ({ ...fact, ...expanded, flags }));
  }

  /** `static f(void) {`: a function without a type is one if no macro of the name exists. */
  private withoutMacro(use: Invocation): GeneratedFunction[] {
    if (!use.hasBody || this.table.all(use.macro).length > 0) return [];
    if ((use.flags & (FunctionFlag.Static | FunctionFlag.Inline)) === 0) return [];
    const { macro: name, line, lastLine, flags, condition } = use;
    return [{ name, line, lastLine, flags, condition, objectFile: undefined }];
  }

  /** Whether some definition of a macro, anywhere in the tree, defines functions. */
  private mayDefineFunctions(macro: string, depth: number): MayDefine {
    const known = this.defining.get(macro);
    if (known !== undefined) return known;
    this.defining.set(macro, 'no'); // a cycle defines nothing by itself
    let result: MayDefine = 'no';
    for (const definition of this.table.all(macro)) {
      if (depth > DEPTH_MAX || result === 'by arguments') break;
      if (definition.parameters === undefined) {
        if (!isPlainWord(definition.body)) continue;
        const of = this.mayDefineFunctions(definition.body, depth + 1);
        if (of === 'by arguments' || result === 'no') result = of;
        continue;
      }
      const { functions, invocations, tail } = this.scanDefinition(
        definition,
        placeholders(definition.parameters.length),
      );
      if (functions.length > 0 || (tail !== undefined && !('macro' in tail))) result = 'yes';
      const nested = tail !== undefined && 'macro' in tail ? [...invocations, tail] : invocations;
      for (const use of nested) {
        const of = isPlaceholder(use.macro) ? 'by arguments' : this.mayDefineFunctions(use.macro, depth + 1);
        if (of === 'by arguments' || result === 'no') result = of;
      }
    }
    this.defining.set(macro, result);
    return result;
  }

  private expanded(
    file: number,
    macro: string,
    values: readonly string[],
    depth: number,
  ): ExpandedFunction[] {
    const mayDefine = depth > DEPTH_MAX ? 'no' : this.mayDefineFunctions(macro, 0);
    if (mayDefine === 'no') return [];
    if (mayDefine === 'by arguments') return this.expand(file, macro, values, depth, []);
    const key = `${values.length}:${macro}`;
    let known = this.known.get(key);
    if (known === undefined) {
      known = [];
      this.known.set(key, known); // what a cycle finds
      this.expand(file, macro, placeholders(values.length), depth, known);
    }
    return known.flatMap((each) =>
      this.filledNames(each.name, values, [file]).map((name) => ({ ...each, name })),
    );
  }

  private expand(
    file: number,
    macro: string,
    values: readonly string[],
    depth: number,
    into: ExpandedFunction[],
  ): ExpandedFunction[] {
    for (const definition of this.table.visible(macro, [file])) {
      if (into.length > FUNCTIONS_MAX) break;
      if (definition.parameters !== undefined) this.expandDefinition(definition, file, values, depth, into);
      else if (isPlainWord(definition.body))
        into.push(...this.expanded(file, definition.body, values, depth + 1));
    }
    return into;
  }

  private expandDefinition(
    definition: DefinedMacro,
    file: number,
    values: readonly string[],
    depth: number,
    into: ExpandedFunction[],
  ): void {
    const facts = this.scanDefinition(definition, values);
    const files = [file, definition.file];
    const add = (fact: FunctionFact, isTail: boolean) => {
      const { flags } = fact;
      const names = fact.nameArguments === undefined ? [fact.name] : this.names.ofCall(fact, files);
      for (const name of names) into.push({ name, flags, isTail, definingFile: definition.file });
    };
    const nest = (use: Invocation, atEnd: boolean) => {
      for (const nested of this.expanded(file, use.macro, use.arguments, depth + 1)) {
        const isTail = nested.isTail && !use.hasBody;
        if (isTail && !atEnd) continue;
        // The nested macro's definition is where the object code comes from only if it is in a .c file.
        const isHeader = this.graph.isHeader(nested.definingFile);
        into.push({ ...nested, isTail, definingFile: isHeader ? definition.file : nested.definingFile });
      }
    };
    for (const fact of facts.functions) add(fact, false);
    for (const use of facts.invocations) nest(use, false);
    const { tail } = facts;
    if (tail === undefined) return;
    if ('macro' in tail) nest(tail, true);
    else add(tail, true);
  }

  /** An expanded name with the arguments of a use; arguments that are macro calls themselves are expanded. */
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
