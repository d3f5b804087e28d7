import { type IndexedFunction, indexedFunction, type SourceIndex } from './source-index.ts';
import type { TreeDelta } from './tree-delta.ts';

/** An index together with what was changed in the checkout since it was made. */
export class IndexWithOverlay {
  private readonly changed = new Map<string, readonly IndexedFunction[]>();
  private readonly removed: ReadonlySet<string>;

  constructor(
    readonly base: SourceIndex,
    { removed, changed }: TreeDelta = { removed: [], changed: [] },
  ) {
    this.removed = new Set(removed);
    for (const { path, functions } of changed)
      this.changed.set(
        path,
        functions.map((fact) => indexedFunction(path, fact, base.objectsOf(path))),
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

  /** The functions of a file in the order of their lines. */
  functionsOf(path: string): readonly IndexedFunction[] {
    return this.changed.get(path) ?? (this.removed.has(path) ? [] : this.base.functionsOf(path));
  }
}
