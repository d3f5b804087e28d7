import type { FunctionFact } from '../c/scanner/facts.ts';
import type { TreeChanges } from './changes.ts';
import type { IndexedFunction, SourceIndex } from './source-index.ts';

/** An index together with what was changed in the checkout since it was made. */
export class LiveIndex {
  private readonly changed = new Map<string, readonly IndexedFunction[]>();
  private readonly removed: ReadonlySet<string>;

  constructor(
    readonly base: SourceIndex,
    changes: TreeChanges = { removed: [], changed: [] },
  ) {
    this.removed = new Set(changes.removed);
    for (const { path, functions } of changes.changed)
      this.changed.set(
        path,
        functions.map((fact) => this.indexed(path, fact)),
      );
  }

  /** Every definition of a name. What macros make in a changed file is still where the index saw it. */
  definitions(name: string): IndexedFunction[] {
    const scanned = [...this.changed.values()].flat().filter((each) => each.name === name);
    const seen = new Set(scanned.map(({ path }) => path));
    const kept = this.base.definitions(name).filter(({ path }) => !this.removed.has(path) && !seen.has(path));
    return [...scanned, ...kept];
  }

  pathsOf(name: string): string[] {
    if (this.changed.size === 0) return this.base.pathsOf(name);
    return this.definitions(name).map(({ path }) => path);
  }

  /** Functions whose names contain a text. @param limit how many names at most */
  search(text: string, limit: number): IndexedFunction[] {
    const scanned = [...this.changed.values()].flat().filter(({ name }) => name.includes(text));
    const seen = new Set(scanned.map(({ path, name }) => `${path}:${name}`));
    const kept = this.base
      .search(text, limit)
      .filter(({ path, name }) => !this.removed.has(path) && !seen.has(`${path}:${name}`));
    return [...scanned, ...kept];
  }

  /** The functions of a file in the order of their lines. */
  functionsOf(path: string): readonly IndexedFunction[] {
    return this.changed.get(path) ?? (this.removed.has(path) ? [] : this.base.functionsOf(path));
  }

  private indexed(path: string, fact: FunctionFact): IndexedFunction {
    const { name, line, lastLine, flags, condition } = fact;
    const objects = this.base.objectsOf(path);
    return { name, path, line, lastLine, flags, condition, objectPath: path, objects };
  }
}
