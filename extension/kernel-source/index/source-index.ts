import type { FunctionFact } from '../c/scanner/facts.ts';
import { decodeObjects, type ObjectFact } from '../kbuild/build-facts.ts';
import { lastUpTo } from '../tables/last-up-to.ts';
import { StringTable } from '../tables/string-table.ts';
import type { IndexColumns } from './columns.ts';
import type { FileStamp } from '../checkout/read-source-file.ts';

/** A definition as the index has it. Lines count from 0. */
export interface IndexedFunction {
  name: string;
  path: string;
  line: number;
  lastLine: number;
  /** Of FunctionFlag. */
  flags: number;
  /** The `#if` conditions around it. */
  condition: string;
  /** The file whose object the function is in; the file of the line, or one that includes it. */
  objectPath: string;
  objects: readonly ObjectFact[];
}

/** A function that was just scanned, of a file with these objects. */
export function indexedFunction(
  path: string,
  { name, line, lastLine, flags, condition }: FunctionFact,
  objects: readonly ObjectFact[],
): IndexedFunction {
  return { name, path, line, lastLine, flags, condition, objectPath: path, objects };
}

/** Looks up functions in the columns; makes objects only for what is asked. */
export class SourceIndex {
  private readonly names: StringTable;
  private readonly paths: StringTable;
  private readonly conditions: StringTable;
  private readonly objects: StringTable;
  private byFile: { order: Uint32Array; starts: Uint32Array } | undefined;
  private readonly fileNumbers = new Map<string, number>();

  constructor(readonly columns: IndexColumns) {
    this.names = new StringTable(columns.names);
    this.paths = new StringTable(columns.paths);
    this.conditions = new StringTable(columns.conditions);
    this.objects = new StringTable(columns.objects);
  }

  get functionCount(): number {
    return this.columns.file.length;
  }

  get fileCount(): number {
    return this.paths.length;
  }

  has(name: string): boolean {
    return this.names.find(name) !== undefined;
  }

  /** Every definition of a name, in the order of files. */
  definitions(name: string): IndexedFunction[] {
    const number = this.names.find(name);
    return number === undefined ? [] : this.ofName(number);
  }

  /** Paths of the files that define a name; cheaper than its definitions. */
  pathsOf(name: string): string[] {
    const number = this.names.find(name);
    if (number === undefined) return [];
    const { nameStarts, file } = this.columns;
    const files = file.subarray(nameStarts[number], nameStarts[number + 1]);
    return [...new Set(files)].map((each) => this.paths.at(each));
  }

  /** The functions of a file in the order of their lines; none when the index does not have the file. */
  functionsOf(path: string): IndexedFunction[] {
    const file = this.fileNumber(path);
    if (file === undefined) return [];
    const { order, starts } = (this.byFile ??= this.sortByFile());
    const entries = [...order.subarray(starts[file], starts[file + 1])];
    return entries
      .map((entry) => this.entry(entry, this.nameOf(entry)))
      .sort((a, b) => a.line - b.line || a.lastLine - b.lastLine);
  }

  /** As the file was when it was scanned. */
  fileStamp(path: string): FileStamp | undefined {
    const file = this.fileNumber(path);
    if (file === undefined) return undefined;
    return { modified: this.columns.modified[file] ?? 0, size: this.columns.size[file] ?? 0 };
  }

  /** All files that were indexed. */
  allPaths(): string[] {
    return Array.from({ length: this.paths.length }, (_, file) => this.paths.at(file));
  }

  /** What a file is compiled into. */
  objectsOf(path: string): ObjectFact[] {
    const file = this.fileNumber(path);
    return file === undefined ? [] : decodeObjects(this.objects.at(file));
  }

  /** What compactKconfig made of the Kconfig files, by path. */
  kconfigs(): Map<string, string> {
    const table = new StringTable(this.columns.kconfigs);
    return new Map(
      Array.from({ length: table.length }, (_, number) => {
        const text = table.at(number);
        const end = text.indexOf('\n');
        return [text.slice(0, end), text.slice(end + 1)];
      }),
    );
  }

  private ofName(number: number): IndexedFunction[] {
    const { nameStarts } = this.columns;
    const name = this.names.at(number);
    const found: IndexedFunction[] = [];
    for (let entry = nameStarts[number] ?? 0; entry < (nameStarts[number + 1] ?? 0); entry++)
      found.push(this.entry(entry, name));
    return found;
  }

  private entry(entry: number, name: string): IndexedFunction {
    const { file, line, extent, flags, condition, objectFile } = this.columns;
    const own = file[entry] ?? 0;
    const object = (objectFile[entry] ?? 0) === 0 ? own : (objectFile[entry] ?? 0) - 1;
    return {
      name,
      path: this.paths.at(own),
      line: line[entry] ?? 0,
      lastLine: (line[entry] ?? 0) + (extent[entry] ?? 0),
      flags: flags[entry] ?? 0,
      condition: this.conditions.at(condition[entry] ?? 0),
      objectPath: this.paths.at(object),
      objects: decodeObjects(this.objects.at(object)),
    };
  }

  private fileNumber(path: string): number | undefined {
    if (this.fileNumbers.size === 0)
      for (let file = 0; file < this.paths.length; file++) this.fileNumbers.set(this.paths.at(file), file);
    return this.fileNumbers.get(path);
  }

  /** The name whose range an entry is in. */
  private nameOf(entry: number): string {
    const { nameStarts } = this.columns;
    return this.names.at(lastUpTo(this.names.length, (number) => nameStarts[number] ?? 0, entry));
  }

  private sortByFile(): { order: Uint32Array; starts: Uint32Array } {
    const { file } = this.columns;
    const starts = new Uint32Array(this.paths.length + 1);
    for (const number of file) starts[number + 1]!++;
    for (let number = 0; number < this.paths.length; number++) starts[number + 1]! += starts[number]!;
    const next = starts.slice();
    const order = new Uint32Array(file.length);
    file.forEach((number, entry) => (order[next[number]!++] = entry));
    return { order, starts };
  }
}
