/**
 * Keeps the facts of this boot (facts.ts) in a file, for the next trace: to read it takes a hundredth of the time.
 * Only root has it, and only root's file is believed: it says which code gets probes.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { readText } from '../kernel/read-file.ts';
import type { KernelFacts } from './facts.ts';

/** /run is empty after a boot. */
const FOLDER = '/run/kernel-packet-trace';
const NAME = /^facts-[0-9a-f]{32}(\.\d+)?$/;
/** Many times what a kernel with all its modules makes. */
const MOST_BYTES = 64 * 1024 * 1024;

export class FactsCache {
  readonly #path: string;

  /**
   * @param loaded what loadedModules gave; other modules are another file
   * @param folder made when something is kept
   * @param owner who alone may have written what is believed
   */
  constructor(
    loaded: string,
    private readonly folder = FOLDER,
    private readonly owner = 0,
  ) {
    this.#path = join(folder, `facts-${keyOf(loaded)}`);
  }

  /** Undefined: there are none, or none that can be believed. Never throws. */
  read(): KernelFacts | undefined {
    if (process.geteuid?.() !== this.owner) return undefined;
    let fd: number | undefined;
    try {
      if (!isOurs(lstatSync(this.folder), this.owner)) return undefined;
      fd = openSync(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW);
      const file = fstatSync(fd);
      if (!file.isFile() || !isOurs(file, this.owner) || file.size > MOST_BYTES) return undefined;
      return deserialize(readFileSync(fd)) as KernelFacts;
    } catch {
      return undefined; // not there, or cut short
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Keeps them in place of older ones. Never throws: the next trace reads them off the kernel again. */
  keep(facts: KernelFacts): void {
    if (process.geteuid?.() !== this.owner) return;
    const temporary = `${this.#path}.${process.pid}`;
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      if (!isOurs(lstatSync(this.folder), this.owner)) return;
      for (const name of readdirSync(this.folder))
        if (NAME.test(name)) rmSync(join(this.folder, name), { force: true });
      writeFileSync(temporary, serialize(facts), { mode: 0o600, flag: 'wx' });
      renameSync(temporary, this.#path);
    } catch {
      rmSync(temporary, { force: true });
    }
  }
}

/** Nobody else can write there. */
function isOurs({ uid, mode }: { uid: number; mode: number }, owner: number): boolean {
  return uid === owner && (mode & 0o022) === 0;
}

/** Of all that the facts depend on: the boot, its modules, the agent, and how Node writes values. */
function keyOf(loaded: string): string {
  const hash = createHash('sha256');
  const boot = readText('/proc/sys/kernel/random/boot_id') ?? '';
  for (const part of [boot, loaded, process.version, readText(process.argv[1] ?? '') ?? '']) {
    hash.update(`${part.length}:`).update(part);
  }
  return hash.digest('hex').slice(0, 32);
}
