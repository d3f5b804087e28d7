import { dirname, join } from 'node:path/posix';

const INCLUDERS_MAX = 60;

/** Folders that `<…>` is searched in; `asm` is that of every architecture. */
const INCLUDE_FOLDERS = ['include', 'include/uapi'];

/** Which file includes which, as far as the text of `#include` tells without knowing -I options. */
export class IncludeGraph {
  private readonly numbers = new Map<string, number>();
  private readonly byBasename = new Map<string, number[]>();
  private readonly spellings = new Map<string, string>();
  private readonly written: (readonly string[])[] = [];
  private readonly resolved: (readonly number[] | undefined)[] = [];
  private includers: Map<number, number[]> | undefined;
  private relatedTo: number | undefined;
  private related = new Uint8Array(0);

  constructor(private readonly paths: string[] = []) {}

  /** Adds a file. @param includes as written, with quotes @returns its number */
  add(path: string, includes: readonly string[]): number {
    const file = this.paths.push(path) - 1;
    this.written.push(includes.map((written) => this.shared(written)));
    this.numbers.set(path, file);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const same = this.byBasename.get(name);
    if (same === undefined) this.byBasename.set(name, [file]);
    else same.push(file);
    return file;
  }

  /** Of these sources and those that files include as parts of themselves: which were not added. */
  missingSources(others: readonly string[]): string[] {
    const included = this.written.flatMap((includes, file) =>
      includes
        .filter((written) => written.endsWith('.c"'))
        .map((written) => join(dirname(this.path(file)), written.slice(1, -1))),
    );
    const wanted = new Set([...others, ...included]);
    return [...wanted].filter((path) => !this.numbers.has(path) && !path.startsWith('../'));
  }

  /** Forgets what was concluded; to be called when files were added after questions. */
  reset(): void {
    this.resolved.length = 0;
    this.includers = undefined;
    this.relatedTo = undefined;
  }

  path(file: number): string {
    return this.paths[file] ?? '';
  }

  isHeader(file: number): boolean {
    return this.path(file).endsWith('.h');
  }

  /** The files that a file includes itself. */
  includes(file: number): readonly number[] {
    return (this.resolved[file] ??= [
      ...new Set((this.written[file] ?? []).flatMap((written) => this.resolve(file, written))),
    ]);
  }

  /** The files that include a file themselves. */
  includedBy(file: number): readonly number[] {
    if (this.includers === undefined) {
      this.includers = new Map();
      for (let from = 0; from < this.paths.length; from++)
        for (const to of this.includes(from)) {
          const list = this.includers.get(to);
          if (list === undefined) this.includers.set(to, [from]);
          else list.push(from);
        }
    }
    return this.includers.get(file) ?? [];
  }

  /** Whether a file includes another, directly or not, or is included by it or beside it. Cheap file by file. */
  isRelated(file: number, other: number): boolean {
    if (this.relatedTo !== file) {
      if (this.related.length < this.paths.length) this.related = new Uint8Array(this.paths.length);
      this.related.fill(0);
      this.relatedTo = file;
      this.related[file] = 1;
      this.addIncluded([file]);
      if (this.isHeader(file)) this.addIncluders(file);
      else this.addIncluded(this.includedBy(file)); // a .c file that others include is a part of them
    }
    return this.related[other] === 1;
  }

  private addIncluded(files: readonly number[]): void {
    const queue = [...files];
    for (let file = queue.pop(); file !== undefined; file = queue.pop())
      for (const next of this.includes(file))
        if (this.related[next] === 0) {
          this.related[next] = 1;
          queue.push(next);
        }
  }

  private addIncluders(file: number): void {
    let level: readonly number[] = [file];
    for (let depth = 0; depth < 3; depth++) {
      level = [...new Set(level.flatMap((at) => this.includedBy(at)))].slice(0, INCLUDERS_MAX);
      for (const includer of level) {
        this.related[includer] = 1;
        for (const next of this.includes(includer)) this.related[next] = 1;
      }
    }
  }

  /** One string object for all files that include the same. */
  private shared(written: string): string {
    const known = this.spellings.get(written);
    if (known === undefined) this.spellings.set(written, written);
    return known ?? written;
  }

  private resolve(from: number, written: string): number[] {
    const target = written.slice(1, -1);
    if (written.startsWith('"')) {
      const beside = this.numbers.get(join(dirname(this.path(from)), target));
      if (beside !== undefined) return [beside];
    }
    for (const folder of INCLUDE_FOLDERS) {
      const found = this.numbers.get(`${folder}/${target}`);
      if (found !== undefined) return [found];
    }
    const name = target.slice(target.lastIndexOf('/') + 1);
    const ending = `/${target}`;
    const candidates = (this.byBasename.get(name) ?? []).filter((file) => this.path(file).endsWith(ending));
    if (target.startsWith('asm/')) return candidates;
    if (candidates.length <= 1) return candidates;
    return this.nearest(candidates, this.path(from));
  }

  /** The candidate that shares most leading folders; none when none is near. */
  private nearest(candidates: readonly number[], path: string): number[] {
    const folders = path.split('/');
    const shared = candidates.map((file) => {
      const parts = this.path(file).split('/');
      const different = parts.findIndex((part, index) => part !== folders[index]);
      return different < 0 ? parts.length : different;
    });
    const most = Math.max(...shared);
    const best = candidates.filter((_, index) => shared[index] === most);
    return most >= 2 && best.length === 1 ? best : [];
  }
}
