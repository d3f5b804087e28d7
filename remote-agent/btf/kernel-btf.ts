/**
 * The kernel's type information. In come the files of /sys/kernel/btf; out come types by id (common/btf) and what they
 * tell: the names of drop reasons, whether programs can read memory directly. Read this file first.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Btf } from '../../common/btf/btf.ts';
import { AgentFailure } from '../../common/errors.ts';
import { readBtfFile } from './btf-file.ts';
import { loadedModules, moduleNames } from '../kernel/modules.ts';

/** The type information of the running kernel and its modules. Holds some 5 MB: drop it after use. */
export interface KernelBtf {
  vmlinux: Btf;
  modules: { name: string; btf: Btf }[];
  /** Loaded modules that came without type information, or with one that does not fit this kernel. */
  modulesWithout: string[];
}

const BTF_FOLDER = '/sys/kernel/btf';

/** Whose types are read; see useBtfFile. */
let file: string | undefined;

/**
 * From now on a file tells the types of the kernel, in place of the kernel. Its modules have types only where the
 * kernel's own are the same as those in the file: they go on from them.
 * @param path on this machine; undefined: the kernel tells them
 * @throws AgentFailure `no-btf` where they cannot be used
 */
export function useBtfFile(path: string | undefined): void {
  if (path !== undefined) readBtfFile(path);
  file = path;
}

/** Whether what the types say of numbers holds in the kernel, as that of a kfunc. */
export function areKernelsOwn(dir = BTF_FOLDER): boolean {
  if (file === undefined) return true;
  const own = join(dir, 'vmlinux');
  return existsSync(own) && readFileSync(own).equals(readBtfFile(file));
}

/** Whether the kernel itself tells its types. */
export function hasOwnTypes(dir = BTF_FOLDER): boolean {
  return existsSync(join(dir, 'vmlinux'));
}

/** Of all modules that are loaded. @throws AgentFailure `no-btf` when the kernel has none */
export function readKernelBtf(signal?: AbortSignal): Promise<KernelBtf> {
  return readBtfOf(moduleNames(loadedModules()), signal);
}

/** Of the kernel itself, without modules. @throws AgentFailure `no-btf` when it has none */
export function readVmlinuxBtf(dir = BTF_FOLDER): Btf {
  return new Btf(file === undefined ? readVmlinux(join(dir, 'vmlinux')) : readBtfFile(file));
}

/** Of some modules only. @throws AgentFailure `no-btf` when the kernel has none */
export async function readBtfOf(
  names: readonly string[],
  signal?: AbortSignal,
  dir = BTF_FOLDER,
): Promise<KernelBtf> {
  const vmlinux = readVmlinuxBtf(dir);
  const modules: KernelBtf['modules'] = [];
  const modulesWithout: string[] = [];
  const present = new Set(areKernelsOwn(dir) ? readdirSync(dir) : []);
  for (const name of names) {
    await nextTurn();
    signal?.throwIfAborted();
    const btf = present.has(name) ? readModule(join(dir, name), vmlinux) : undefined;
    if (btf === undefined) modulesWithout.push(name);
    else modules.push({ name, btf });
  }
  return { vmlinux, modules, modulesWithout };
}

function readVmlinux(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AgentFailure(
      'no-btf',
      `The kernel’s type information (BTF) cannot be read: ${(error as Error).message}`,
      'Tracing needs a kernel built with CONFIG_DEBUG_INFO_BTF, as those of the distributions have been since about 2020.',
      { cause: error },
    );
  }
}

/** undefined: the module was unloaded meanwhile, or its BTF is not readable; the trace goes on without it. */
function readModule(path: string, vmlinux: Btf): Btf | undefined {
  try {
    return new Btf(readFileSync(path), vmlinux);
  } catch {
    return undefined;
  }
}

/** The id of a type of vmlinux; undefined when it has none. A kfunc without one is not offered by the kernel. */
export function findKernelType(
  { vmlinux }: Pick<KernelBtf, 'vmlinux'>,
  kind: number,
  name: string,
): number | undefined {
  const wanted = Buffer.from(name);
  for (let id = vmlinux.firstId; id < vmlinux.endId; id++)
    if (vmlinux.kind(id) === kind && vmlinux.isNamed(id, wanted)) return id;
  return undefined;
}
