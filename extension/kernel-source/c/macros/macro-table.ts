import { StringInterner } from '../../tables/string-interner.ts';
import { U32Vector } from '../../tables/u32-vector.ts';
import type { MacroDefinition } from '../scanner/facts.ts';
import type { IncludeGraph } from './include-graph.ts';

export interface DefinedMacro extends MacroDefinition {
  /** Number of the file that defines it. */
  file: number;
}

/** More files than this define a name that means something else in each (`DEBUG`, `OP`). */
const DEFINERS_MAX = 400;

/** The macros of a tree that may make functions, by name: 200,000 of them, kept as bytes. */
export class MacroTable {
  private readonly names = new StringInterner();
  /** Of each name: how many definitions it has, and the last of them. */
  private readonly counts = new U32Vector();
  private readonly last = new U32Vector();
  /** Of each definition: the next of the same name, after the last the first; its file; what `textOf` makes. */
  private readonly next = new U32Vector();
  private readonly files = new U32Vector();
  private readonly texts = new StringInterner();
  private readonly text = new U32Vector();

  constructor(private readonly graph: IncludeGraph) {}

  add(file: number, macros: readonly MacroDefinition[]): void {
    for (const macro of macros) this.addOne(file, macro);
  }

  *allNames(): Iterable<string> {
    for (let number = 0; number < this.names.length; number++) yield this.names.text(number);
  }

  /** Every definition of a name, wherever. */
  all(name: string): DefinedMacro[] {
    return this.definitions(name).map((definition) => this.restored(name, definition));
  }

  /**
   * The definitions that a use in a file may mean: the file's own, else those of files that it includes or
   * that include it. Several: which one holds depends on what the preprocessor met before.
   * @param files the file of the use, then files whose definitions count as its own
   */
  visible(name: string, files: readonly number[]): readonly DefinedMacro[] {
    return this.visibleOf(this.definitions(name), files).map((definition) => this.restored(name, definition));
  }

  private visibleOf(all: readonly number[], files: readonly number[]): readonly number[] {
    const own = all.filter((definition) => files.includes(this.files.get(definition)));
    if (own.length > 0) return own;
    const [only] = all;
    if (all.length === 1 && only !== undefined && this.graph.isHeader(this.files.get(only))) return all;
    return all.filter((definition) => this.graph.isRelated(files[0] ?? -1, this.files.get(definition)));
  }

  private addOne(file: number, macro: MacroDefinition): void {
    const name = this.names.intern(macro.name);
    const count = this.counts.get(name);
    if (count === DEFINERS_MAX) return;
    const definition = this.files.length;
    const last = count === 0 ? definition : this.last.get(name);
    this.next.push(definition);
    this.next.set(definition, this.next.get(last));
    this.next.set(last, definition);
    this.last.set(name, definition);
    this.counts.set(name, count + 1);
    this.files.push(file);
    this.text.push(this.texts.intern(textOf(macro)));
  }

  /** Numbers of the definitions of a name in the order in which they were added. */
  private definitions(name: string): number[] {
    const number = this.names.find(name);
    if (number === undefined) return [];
    const result: number[] = [];
    let definition = this.last.get(number);
    for (let left = this.counts.get(number); left > 0; left--)
      result.push((definition = this.next.get(definition)));
    return result;
  }

  private restored(name: string, definition: number): DefinedMacro {
    const text = this.texts.text(this.text.get(definition));
    const end = text.indexOf('\n');
    const list = text.slice(0, end);
    const parameters = list.slice(1).split(',');
    return {
      name,
      file: this.files.get(definition),
      parameters: list === '' ? undefined : parameters.filter((parameter) => parameter !== ''),
      variadic: list.startsWith('.'),
      body: text.slice(end + 1),
    };
  }
}

/** Parameters and body with a line end between; the parameters start with `(` or, variadic, `.`. */
function textOf({ parameters, variadic, body }: MacroDefinition): string {
  const list = parameters === undefined ? '' : `${variadic ? '.' : '('}${parameters.join(',')}`;
  return `${list}\n${body}`;
}
