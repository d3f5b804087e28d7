import { Expander, type GeneratedFunction } from '../c/macros/expander.ts';
import { IncludeGraph } from '../c/macros/include-graph.ts';
import { MacroTable } from '../c/macros/macro-table.ts';
import type { FileFacts, FunctionFact, Invocation } from '../c/scanner/facts.ts';
import { decodeObjects, INCLUDED } from '../kbuild/build-facts.ts';
import { StringInterner } from '../tables/string-interner.ts';
import { StringTable } from '../tables/string-table.ts';
import { U32Vector } from '../tables/u32-vector.ts';
import type { IndexColumns } from './columns.ts';
import type { FileStamp } from '../checkout/read-source-file.ts';

/** Numbers of one entry in the entries' column, in this order. */
const FIELDS = 7;

/** What fits the column. */
const EXTENT_MAX = 0xffff;

/** A header that more files include belongs to none of their modules. */
const INCLUDERS_MAX = 40;

/** Gathers what scans found and makes the index of it. */
export class Collector {
  private readonly graph = new IncludeGraph();
  private readonly macros = new MacroTable(this.graph);
  private readonly names = new StringInterner();
  private readonly conditions = new StringInterner();
  private readonly entries = new U32Vector();
  private readonly uses: { file: number; use: Invocation }[] = [];
  private readonly oddNames: { file: number; fact: FunctionFact }[] = [];
  private readonly paths: string[] = [];
  private readonly modified: number[] = [];
  private readonly size: number[] = [];
  private readonly kconfigs: string[] = [];

  get files(): number {
    return this.paths.length;
  }

  add(path: string, stamp: FileStamp, facts: FileFacts): void {
    const file = this.graph.add(path, facts.includes);
    this.paths.push(path);
    this.modified.push(stamp.modified);
    this.size.push(stamp.size);
    this.macros.add(file, facts.macros);
    for (const fact of facts.functions) {
      if (fact.nameArguments !== undefined) this.oddNames.push({ file, fact });
      else this.push(file, fact, undefined);
    }
    for (const use of facts.invocations) this.uses.push({ file, use });
  }

  /** @param text what compactKconfig made */
  addKconfig(path: string, text: string): void {
    this.kconfigs.push(`${path}\n${text}`);
  }

  /** Sources from folders that are left out: of those given, and those that other sources include. */
  missingSources(others: readonly string[]): string[] {
    return this.graph.missingSources(others);
  }

  /**
   * The index of all that was added. More may be added afterwards.
   * @param objects of a file, the text that build-facts.ts makes
   */
  index(objects: (path: string) => string): IndexColumns {
    this.graph.reset();
    const scanned = this.entries.length;
    this.addGenerated(scanned);
    const columns = this.columns(objects);
    this.entries.truncate(scanned);
    return columns;
  }

  private push(file: number, fact: FunctionFact, objectFile: number | undefined): void {
    const { entries } = this;
    entries.push(this.names.intern(fact.name));
    entries.push(file);
    entries.push(fact.line);
    entries.push(Math.min(fact.lastLine - fact.line, EXTENT_MAX));
    entries.push(fact.flags);
    entries.push(this.conditions.intern(fact.condition));
    entries.push(objectFile === undefined ? 0 : objectFile + 1);
  }

  private addGenerated(scanned: number): void {
    const expander = new Expander(this.macros, this.graph);
    const pushAll = (file: number, functions: readonly GeneratedFunction[]) => {
      for (const fact of functions) this.push(file, fact, fact.objectFile);
    };
    for (const { file, use } of this.uses) pushAll(file, expander.generated(file, use));
    for (const { file, fact } of this.oddNames) pushAll(file, expander.named(file, fact));
    const macros = this.namesOfMacros();
    for (let at = 0; at < scanned; at += FIELDS) {
      const number = this.entries.get(at);
      if (macros[number] !== 1) continue;
      const name = this.names.text(number);
      const file = this.entries.get(at + 1);
      if (expander.isRenamed(file, name)) pushAll(file, expander.named(file, this.fact(at, name)));
    }
  }

  /** Of each function's name, 1 if some macro has it too: only those may be replaced. */
  private namesOfMacros(): Uint8Array {
    const result = new Uint8Array(this.names.length);
    for (const name of this.macros.allNames()) {
      const number = this.names.find(name);
      if (number !== undefined) result[number] = 1;
    }
    return result;
  }

  private fact(at: number, name: string): FunctionFact {
    const { entries, conditions } = this;
    return {
      name,
      line: entries.get(at + 2),
      lastLine: entries.get(at + 2) + entries.get(at + 3),
      flags: entries.get(at + 4),
      condition: conditions.text(entries.get(at + 5)),
    };
  }

  /** What a file is compiled into; of one that has no object of its own, the modules of its includers. */
  private objects(file: number, objects: (path: string) => string): string {
    const own = objects(this.paths[file] ?? '');
    if (own !== '') return own;
    const includers = this.graph.includedBy(file);
    if (includers.length > INCLUDERS_MAX) return '';
    const modules = includers.flatMap((includer) =>
      decodeObjects(objects(this.paths[includer] ?? '')).map(({ module }) => module),
    );
    return [...new Set(modules)].map((module) => `${INCLUDED}${module}`).join(';');
  }

  private columns(objects: (path: string) => string): IndexColumns {
    const { entries, names } = this;
    const count = entries.length / FIELDS;
    const sorted = names.sorted();
    const rank = new Uint32Array(sorted.length);
    sorted.forEach((number, index) => (rank[number] = index));
    // A counting sort by name: entries keep the order of files and lines within a name.
    const nameStarts = new Uint32Array(sorted.length + 1);
    const rankOf = (entry: number) => rank[entries.get(entry * FIELDS)] ?? 0;
    for (let entry = 0; entry < count; entry++) nameStarts[rankOf(entry) + 1]!++;
    for (let name = 0; name < sorted.length; name++) nameStarts[name + 1]! += nameStarts[name]!;
    const next = nameStarts.slice();
    const columns = {
      file: new Uint32Array(count),
      line: new Uint32Array(count),
      extent: new Uint16Array(count),
      flags: new Uint8Array(count),
      condition: new Uint32Array(count),
      objectFile: new Uint32Array(count),
    };
    const order = Object.values(columns); // as `push` has them
    for (let entry = 0; entry < count; entry++) {
      const to = next[rankOf(entry)]!++;
      order.forEach((column, field) => (column[to] = entries.get(entry * FIELDS + field + 1)));
    }
    return {
      names: names.columns(sorted),
      nameStarts,
      ...columns,
      paths: StringTable.columns(this.paths),
      conditions: this.conditions.columns(),
      objects: StringTable.columns(this.paths.map((_, file) => this.objects(file, objects))),
      kconfigs: StringTable.columns(this.kconfigs),
      modified: Float64Array.from(this.modified),
      size: Float64Array.from(this.size),
    };
  }
}
