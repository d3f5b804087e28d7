import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findDefinitions } from './definition.ts';
import { type Definition, moduleScore, type Ranked, rankDefinitions } from './ranking.ts';

/**
 * Where to look, in this order; `''` is the rest of the tree. What deals with packets is nearly always in the
 * first folder, and a later step is searched only when it may add something.
 */
const STEPS: readonly (readonly string[])[] = [
  ['net'],
  ['include/net', 'include/linux'],
  ['drivers/net'],
  ['kernel', 'lib', 'mm', 'fs', 'security', 'block', 'crypto', 'include'],
  [''],
];

/** A hit that does not look like the module's own is checked against the network code only, not the whole tree. */
const STEPS_FOR_MODULE = 3;

/** Not part of the kernel: documentation and programs that have functions of the same names. */
const NOT_KERNEL = new Set(['Documentation', 'tools', 'scripts', 'samples', 'usr', 'debian', 'LICENSES']);

/** Reads in flight: enough to keep the disk busy, few enough to keep the editor responsive. */
const CONCURRENCY = 16;

interface Cached {
  ranked: Ranked;
  /** Modification times of the files found, milliseconds. */
  times: (number | undefined)[];
}

/** Finds function definitions in one kernel checkout, and remembers them while their files stay the same. */
export class KernelSource {
  private readonly cache = new Map<string, Cached>();

  constructor(readonly root: string) {}

  /**
   * Definitions of a function, best first; none when the checkout has none.
   * @param name as in the source, without compiler suffixes
   * @param module kernel module that the function was seen in; empty for vmlinux or unknown
   * @throws the signal's reason when it is aborted
   */
  async find(name: string, module: string, signal?: AbortSignal): Promise<Ranked> {
    const key = `${module}:${name}`;
    const cached = this.cache.get(key);
    if (cached !== undefined) {
      const times = await this.modificationTimes(cached.ranked);
      if (times.every((time, index) => time !== undefined && time === cached.times[index]))
        return cached.ranked;
    }
    const ranked = rankDefinitions(await this.search(name, module, signal), module);
    if (ranked.definitions.length > 0)
      this.cache.set(key, { ranked, times: await this.modificationTimes(ranked) });
    return ranked;
  }

  private modificationTimes(ranked: Ranked): Promise<(number | undefined)[]> {
    const times = ranked.definitions.map(async ({ path }) => (await stat(join(this.root, path))).mtimeMs);
    return Promise.all(times.map((time) => time.catch(() => undefined)));
  }

  private async search(name: string, module: string, signal: AbortSignal | undefined): Promise<Definition[]> {
    const found: Definition[] = [];
    const searched = new Set(NOT_KERNEL);
    for (const [number, folders] of STEPS.entries()) {
      const paths: string[] = [];
      for (const folder of folders) {
        await this.listSources(folder, searched, paths, signal);
        searched.add(folder);
      }
      found.push(...(await this.scan(paths, name, signal)));
      const fits = module === '' || found.some(({ path }) => moduleScore(path, module) > 0);
      if (found.length > 0 && (fits || number + 1 >= STEPS_FOR_MODULE)) break;
    }
    return found;
  }

  /** Adds the `.c` and `.h` files below a folder that no earlier step had. Links are not followed: no cycles. */
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
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile() && /\.[ch]$/.test(entry.name)) paths.push(path);
      else if (entry.isDirectory() && !entry.name.startsWith('.') && !searched.has(path)) folders.push(path);
    }
    await Promise.all(folders.map((path) => this.listSources(path, searched, paths, signal)));
  }

  private async scan(
    paths: readonly string[],
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<Definition[]> {
    const found: Definition[] = [];
    const pending = paths.values();
    const worker = async () => {
      for (const path of pending) {
        signal?.throwIfAborted();
        const bytes = await readFile(join(this.root, path)).catch(() => undefined); // gone since it was listed
        if (!bytes?.includes(name)) continue;
        // Latin-1 decodes fastest and keeps lines; a definition's own line is ASCII.
        for (const place of findDefinitions(bytes.toString('latin1'), name)) found.push({ path, ...place });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return found;
  }
}
