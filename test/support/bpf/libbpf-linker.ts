/** libbpf's static linker on files of this machine. Nothing here is loaded into a kernel. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { unpackPackage, type Suite } from '../../../build/packages/debian.ts';

export interface Linker {
  /** Links object files (their contents) into one. */
  link(...objects: Uint8Array[]): Uint8Array;
}

/** The linker of one Debian suite's libbpf. */
export async function libbpfLinker(suite: Suite): Promise<Linker> {
  const file = async (from: Suite, name: string, pattern: RegExp) => {
    const dir = join(await unpackPackage(from, name));
    const path = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find((entry) => pattern.test(entry));
    if (path === undefined) throw new Error(`${name} of ${from} has no ${pattern.source}`);
    return join(dir, path);
  };
  koffi.load(await file('bookworm', 'zlib1g', /libz\.so\.[\d.]+$/));
  koffi.load(await file('bullseye', 'libelf1', /libelf-[\d.]+\.so$/));
  const libbpf = koffi.load(await file(suite, 'libbpf1', /libbpf\.so\.[\d.]+$/));
  const open = libbpf.func('void *bpf_linker__new(const char *filename, void *opts)');
  const add = libbpf.func('int bpf_linker__add_file(void *linker, const char *filename, void *opts)');
  const finalize = libbpf.func('int bpf_linker__finalize(void *linker)');
  const free = libbpf.func('void bpf_linker__free(void *linker)');
  return {
    link(...objects) {
      const dir = mkdtempSync(join(tmpdir(), 'link-'));
      try {
        const output = join(dir, 'linked.o');
        const linker: unknown = open(output, null);
        if (linker === null) throw new Error('bpf_linker__new failed');
        try {
          objects.forEach((object, index) => {
            const input = join(dir, `${index}.o`);
            writeFileSync(input, object);
            const error = add(linker, input, null) as number;
            if (error !== 0) throw new Error(`bpf_linker__add_file of object ${index}: ${error}`);
          });
          const error = finalize(linker) as number;
          if (error !== 0) throw new Error(`bpf_linker__finalize: ${error}`);
        } finally {
          free(linker);
        }
        return readFileSync(output);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

/** Compiles C for BPF, with debug information. */
export function compileBpf(source: string): Uint8Array {
  const args = ['-target', 'bpf', '-O2', '-g', '-x', 'c', '-c', '-', '-o', '-'];
  const clang = spawnSync('clang', args, { input: source, maxBuffer: 1 << 26 });
  if (clang.status !== 0) throw new Error(`clang: ${clang.stderr.toString()}`);
  return clang.stdout;
}
