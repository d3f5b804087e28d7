import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readSourceFile, readSourceText } from './checkout/read-source-file.ts';
import { scanFile } from './c/scanner/scan-file.ts';
import { isSource, NOT_KERNEL, treeEntries } from './index/source-files.ts';
import { type IndexedFunction, indexedFunction } from './index/source-index.ts';
import { BuildFacts, decodeObjects } from './kbuild/build-facts.ts';
import { isBuiltIn, moduleScore } from './resolve/module-name.ts';

/**
 * Where to look, in this order; `''` is the rest of the tree. What deals with packets is nearly always in the
 * first folder, and a later step is searched only when it may add something.
 */
const STEPS: readonly (readonly string[])[] = [
  ['net'],
  ['include/net', 'include/linux'],
  ['lib', 'kernel'],
  ['drivers/net'],
  ['mm', 'fs', 'security', 'block', 'crypto', 'include'],
  [''],
];

/** A hit that does not look like the module's own is checked against the network code only, not the whole tree. */
const STEPS_FOR_MODULE = 4;

/** Where the files that are named like a module are searched before all others. */
const MODULE_FOLDERS = ['net', 'drivers/net'];

/** Reads in flight: enough to keep the disk busy, few enough to keep the editor responsive. */
const CONCURRENCY = 16;

/** Finds functions in a checkout that has no index yet, by reading the files that may have them. */
export class DirectedSearch {
  constructor(private readonly root: string) {}

  /**
   * Definitions of a function; none when the checkout has none, or a macro makes it.
   * @param name as in the source, without compiler suffixes
   * @param module kernel module that the function was seen in; empty for vmlinux or unknown
   * @throws the signal's reason when it is aborted
   */
  async definitions(name: string, module: string, signal?: AbortSignal): Promise<IndexedFunction[]> {
    const builtIn = isBuiltIn(module);
    const found = builtIn ? [] : await this.scan(await this.namedLike(module, signal), name, signal);
    if (found.length > 0) return found;
    const searched = new Set(NOT_KERNEL);
    for (const [number, folders] of STEPS.entries()) {
      const paths: string[] = [];
      for (const folder of folders) {
        await this.listSources(folder, searched, paths, signal);
        searched.add(folder);
      }
      found.push(...(await this.scan(paths, name, signal)));
      const fits = builtIn || found.some(({ path }) => moduleScore(path, module) > 0);
      if (found.length > 0 && (fits || number + 1 >= STEPS_FOR_MODULE)) break;
    }
    return found;
  }

  private async namedLike(module: string, signal: AbortSignal | undefined): Promise<string[]> {
    const paths: string[] = [];
    for (const folder of MODULE_FOLDERS) await this.listSources(folder, new Set(), paths, signal);
    return paths.filter((path) => moduleScore(path, module) > 0);
  }

  /** Adds the `.c` and `.h` files below a folder that no earlier step had. */
  private async listSources(
    folder: string,
    searched: ReadonlySet<string>,
    paths: string[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    signal?.throwIfAborted();
    // A folder that this version of the kernel does not have holds nothing.
    const entries = await readdir(join(this.root, folder), { withFileTypes: true }).catch(() => []);
    const folders: string[] = [];
    for (const { path, isFolder } of treeEntries(folder, entries, searched))
      if (isFolder) folders.push(path);
      else if (isSource(path)) paths.push(path);
    await Promise.all(folders.map((path) => this.listSources(path, searched, paths, signal)));
  }

  private async scan(
    paths: readonly string[],
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<IndexedFunction[]> {
    const found: IndexedFunction[] = [];
    const pending = paths.values();
    const worker = async () => {
      for (const path of pending) {
        signal?.throwIfAborted();
        const bytes = await readSourceFile(this.root, path); // undefined: gone since it was listed
        if (!bytes?.includes(name)) continue;
        const facts = scanFile(bytes, path.endsWith('.h')).functions.filter((fact) => fact.name === name);
        if (facts.length === 0) continue;
        const objects = decodeObjects((await this.buildFacts(path)).encode(path));
        for (const fact of facts) found.push(indexedFunction(path, fact, objects));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return found;
  }

  /** What the Makefiles of a file's folder and of those above say. */
  private async buildFacts(path: string): Promise<BuildFacts> {
    const facts = new BuildFacts();
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder))
      for (const name of ['Makefile', 'Kbuild']) {
        const makefile = join(folder, name);
        const text = await readSourceText(this.root, makefile);
        facts.addMakefile(makefile, text, () => '');
      }
    return facts;
  }
}
