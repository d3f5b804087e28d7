/**
 * Source of the traced kernel. Names of functions and places in their code come in; definitions and lines in the
 * user's checkout go out. Read place-resolver.ts first, which asks symbolizer/ for a line and this file for
 * definitions; README.md has the way of one click.
 */
import { readSourceFile } from './checkout/read-source-file.ts';
import { functionAtLine } from './c/scanner/file-functions.ts';
import { cachePath, loadIndex } from './index/cache-file.ts';
import { runIndexThread } from './index/index-thread.ts';
import { IndexWithOverlay } from './index/index-with-overlay.ts';
import { type IndexedFunction, SourceIndex } from './index/source-index.ts';
import type { WorkerMessage } from './index/worker.ts';
import { locate } from './locate.ts';
import type { Reference } from './resolve/evidence.ts';
import { KernelConfig } from './resolve/kernel-config.ts';
import { type Candidate, type Resolution, resolveFunction } from './resolve/resolve.ts';
import { readTreeConfig } from './resolve/tree-config.ts';
import { DirectedSearch } from './search.ts';

export interface KernelSourceOptions {
  /** Where kernel-source-worker.cjs is. */
  distDir: string;
  /** Where the index is kept between sessions. */
  cacheDir: string;
}

/** What is known of the kernel that names come from. */
export interface TargetKernel {
  /** As `uname -m` tells. */
  machine: string;
  /** Text of its configuration; undefined when it cannot be read. */
  config?: string | undefined;
}

/** Told the share of the files that are done, 0 to 1. */
type OnProgress = (share: number) => void;

/** More candidates than a pick list shows need not be found again in their files. */
const LOCATED_MAX = 20;

/** A check of all files is good for this long; the file that a click opens is read anyway. */
const CHECKED_FOR_MS = 30_000;

/** Kernel functions by name, in one checkout: an index that is made in the background and kept up to date. */
export class KernelSource {
  private current: IndexWithOverlay | undefined;
  /** The index is of the whole tree, not of networking only. */
  private whole = false;
  private readonly search: DirectedSearch;
  private stop = new AbortController();
  private preparing: Promise<void> | undefined;
  private loading: Promise<void> | undefined;
  private checkedAt = -Infinity;
  private target: TargetKernel = { machine: 'x86_64' };
  private config: Promise<KernelConfig>;
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly root: string,
    private readonly options: KernelSourceOptions,
  ) {
    this.search = new DirectedSearch(root);
    this.config = this.configOf(this.target);
  }

  /** The index as far as it is there; undefined until networking is indexed for the first time. */
  get index(): IndexWithOverlay | undefined {
    return this.current;
  }

  /** Uses what is known of the traced kernel to choose between definitions. */
  setTarget(target: TargetKernel): void {
    this.target = target;
    this.config = this.configOf(target);
  }

  /**
   * Loads the index and brings it up to date, or makes it; a second call while that runs joins it, and one soon
   * after it does nothing.
   * @throws the abort reason after `stopIndexing` and `dispose`
   */
  prepare(onProgress: OnProgress = () => undefined): Promise<void> {
    if (performance.now() - this.checkedAt < CHECKED_FOR_MS) return Promise.resolve();
    return this.begin(onProgress, false);
  }

  /** Ends the making of the index, which does not begin again by itself; what there is of it stays in use. */
  stopIndexing(): void {
    this.stop.abort();
  }

  /** Makes the index whatever there is of it, also after `stopIndexing`. Otherwise as `prepare`. */
  async indexAnew(onProgress: OnProgress): Promise<void> {
    this.stopIndexing();
    await this.preparing?.catch(() => undefined); // rejected for those who began it
    this.stop = new AbortController();
    await this.begin(onProgress, true);
  }

  /**
   * Definitions of a function, best first, at their present lines; none when the checkout has none. Without an
   * index the likely folders are searched; a function that only an index can find waits for it.
   * @throws the signal's reason when it is aborted
   */
  async find(reference: Reference, signal?: AbortSignal): Promise<Resolution> {
    const { name, module } = reference;
    await this.loading;
    let definitions = this.current?.definitions(name) ?? [];
    while (definitions.length === 0 && this.preparing !== undefined) {
      if (this.current === undefined) definitions = await this.search.definitions(name, module, signal);
      if (definitions.length > 0) break;
      await this.nextIndex(signal);
      definitions = this.current?.definitions(name) ?? [];
    }
    if (!this.whole && definitions.length === 0)
      definitions = await this.search.definitions(name, module, signal);
    const filesOf = (other: string) => this.current?.pathsOf(other) ?? [];
    const { candidates, certain } = resolveFunction(definitions, reference, await this.config, filesOf);
    const located = await Promise.all(candidates.slice(0, LOCATED_MAX).map((each) => this.located(each)));
    const present = located.filter((each) => each !== undefined);
    return { candidates: present, certain: present.length > 0 && present[0] === located[0] && certain };
  }

  /** The function that a line of a file is in; undefined outside of functions. Lines count from 0. */
  functionAt(path: string, line: number): IndexedFunction | undefined {
    return functionAtLine(this.current?.functionsOf(path) ?? [], line);
  }

  /** Ends the thread. */
  dispose(): void {
    this.stop.abort();
  }

  /** A candidate at the line that its file has it now; undefined when the file no longer has it. */
  private async located(candidate: Candidate): Promise<Candidate | undefined> {
    const { definition } = candidate;
    const bytes = await readSourceFile(this.root, definition.path);
    const place = bytes && locate(bytes, definition);
    return place && { ...candidate, definition: { ...definition, ...place } };
  }

  private begin(onProgress: OnProgress, anew: boolean): Promise<void> {
    this.preparing ??= this.update(onProgress, anew).finally(() => {
      this.preparing = undefined;
      this.checkedAt = this.stop.signal.aborted ? -Infinity : performance.now();
      this.wake(); // who waits for more of the index sees that no more comes
    });
    return this.preparing;
  }

  private async update(onProgress: OnProgress, anew: boolean): Promise<void> {
    const cacheFile = cachePath(this.options.cacheDir, this.root);
    this.loading ??= this.load(cacheFile);
    await this.loading;
    const onMessage = (message: WorkerMessage) => {
      if (message.type === 'progress') onProgress(message.progress.done / message.progress.total);
      else if (message.type !== 'delta')
        this.use(new IndexWithOverlay(new SourceIndex(message.columns)), message.type === 'index');
      else if (this.current !== undefined)
        this.use(new IndexWithOverlay(this.current.base, message.delta), true);
    };
    const task = { root: this.root, cacheFile, anew };
    await runIndexThread(this.options.distDir, task, onMessage, this.stop.signal);
  }

  private async load(cacheFile: string): Promise<void> {
    const columns = await loadIndex(cacheFile, this.root);
    if (columns !== undefined) this.use(new IndexWithOverlay(new SourceIndex(columns)), true);
  }

  private use(index: IndexWithOverlay, whole: boolean): void {
    this.current = index;
    this.whole = whole;
    this.config = this.configOf(this.target);
    this.wake();
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Settles when there is more of the index, or no more to come. */
  private nextIndex(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.preparing === undefined) resolve();
      else this.waiting.add(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  private async configOf({ machine, config }: TargetKernel): Promise<KernelConfig> {
    if (config !== undefined) return KernelConfig.parse(config);
    const { current } = this;
    return readTreeConfig(this.root, machine, current && (() => current.base.kconfigs()));
  }
}
