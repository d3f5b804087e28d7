/** The types that expressions are completed by: those of the kernel that was traced last, kept from window to window. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Btf } from '../../../common/btf/btf.ts';
import { ExpressionCompiler } from '../../../common/expression/compile.ts';
import { unpackTypes } from '../../../common/packed.ts';
import type { KernelBuild } from '../../../common/protocol.ts';
import type { Log } from '../messages/log.ts';

const FILE = 'expression-types.json';

export interface KernelWithTypes {
  /** "Linux 6.12 of root@host" */
  name: string;
  compiler: ExpressionCompiler;
}

interface Kept {
  name: string;
  /** As KernelBuild has them. */
  types: string;
}

export class KnownTypes {
  /** The text of the file, and what it came to. */
  #read: { text: string; kernel: KernelWithTypes | undefined } | undefined;

  /** @param folder where they are kept */
  constructor(
    private readonly folder: string,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** Other windows may have traced since. */
  async kernel(): Promise<KernelWithTypes | undefined> {
    const text = await readFile(join(this.folder, FILE), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    if (this.#read?.text !== text) this.#read = { text, kernel: kernelOf(text) };
    return this.#read.kernel;
  }

  /** Never throws: without them expressions are typed by hand. @param name what the kernel is shown as */
  async keep({ types }: Pick<KernelBuild, 'types'>, name: string): Promise<void> {
    if (types === '') return;
    const file = join(this.folder, FILE);
    const kept: Kept = { name, types };
    try {
      await mkdir(this.folder, { recursive: true });
      await writeFile(`${file}.${process.pid}`, JSON.stringify(kept));
      await rename(`${file}.${process.pid}`, file);
    } catch (error) {
      this.log.warn(
        `The kernel's types for completing expressions are not kept: ${(error as Error).message}`,
      );
    }
  }
}

/** undefined: they cannot be read, as those of another version of this extension. */
function kernelOf(text: string): KernelWithTypes | undefined {
  try {
    const { name, types } = JSON.parse(text) as Kept;
    const btf = unpackTypes({ types });
    return btf && { name, compiler: new ExpressionCompiler(new Btf(btf), undefined) };
  } catch {
    return undefined;
  }
}
