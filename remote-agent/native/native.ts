/**
 * Calls in TypeScript come into this folder, calls of C go out. Here is how libraries get loaded; libbpf.ts and
 * libc.ts are what the agent uses of them, each failure an Error that is thrown.
 *
 * The native code beside agent.cjs: koffi and, loaded through it, the libraries of `linux-<arch>/`. They are
 * loaded by path; nothing of the target's own is used but its C library.
 */
import { join } from 'node:path';
import { AgentFailure } from '../../common/errors.ts';

export type Koffi = typeof import('koffi');
/** An address in this process; koffi's representation of a C pointer. */
export type Pointer = bigint;

let folder: string | undefined;
let loaded: Koffi | undefined;

/** Tells where the agent's files are: the folder that holds `linux-x64/` and `linux-arm64/`. */
export function useAgentFolder(path: string): void {
  folder = path;
}

/** The path of one of the agent's files for this machine, e.g. `libbpf.so.1`. */
export function nativeFile(name: string): string {
  if (folder === undefined) throw new Error('the folder of the native libraries is not set');
  return join(folder, `linux-${process.arch}`, name);
}

/** @throws AgentFailure `internal` when the library cannot be loaded */
export function koffi(): Koffi {
  if (loaded === undefined) {
    const module = { exports: {} };
    try {
      process.dlopen(module, nativeFile('koffi.node'));
    } catch (error) {
      throw new AgentFailure(
        'internal',
        `The agent's native library cannot be loaded: ${(error as Error).message}`,
        'The target needs glibc 2.28 or newer, and the agent’s folder must allow executables (no noexec mount).',
        { cause: error },
      );
    }
    loaded = module.exports as Koffi;
  }
  return loaded;
}
