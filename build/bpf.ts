import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureInstalled } from './debian.ts';
import { cacheDir, distDir, repoRoot } from './paths.ts';
import { run } from './run.ts';

const HEADERS = '/usr/include/bpf';
const TARGETS = [
  { platform: 'linux-x64', macro: '__TARGET_ARCH_x86' },
  { platform: 'linux-arm64', macro: '__TARGET_ARCH_arm64' },
] as const;

/** v3: 32-bit jumps and arithmetic, which the verifier has understood since 5.1. */
const FLAGS = ['-target', 'bpf', '-mcpu=v3', '-g', '-O2', '-Wall', '-Wextra', '-Werror'];

/**
 * Compiles bpf/trace.bpf.c for each target architecture to dist/agent/<platform>/trace.bpf.o. The object keeps
 * its BTF, which libbpf relocates it with, and no DWARF.
 */
export async function buildBpf(): Promise<void> {
  await ensureInstalled(['clang', 'llvm', 'libbpf-dev']);
  for (const { platform, macro } of TARGETS) {
    const flags = [...FLAGS, `-D${macro}`];
    const cached = join(cacheDir('bpf'), `${await inputHash(flags)}.o`);
    if ((await stat(cached).catch(() => undefined)) === undefined) await compile(platform, flags, cached);
    const folder = join(distDir, 'agent', platform);
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `.trace.${process.pid}`);
    await copyFile(cached, temporary);
    await rename(temporary, join(folder, 'trace.bpf.o'));
  }
}

async function compile(platform: string, flags: string[], output: string): Promise<void> {
  process.stderr.write(`compiling the BPF programs for ${platform}\n`);
  const temporary = `${output}.${process.pid}`;
  await run('clang', [...flags, '-c', join(repoRoot, 'bpf/trace.bpf.c'), '-o', temporary]);
  await run('llvm-strip', ['-g', temporary]);
  await rename(temporary, output);
}

/** Everything that decides what the object will be: sources, libbpf's headers, compiler, flags. */
async function inputHash(flags: string[]): Promise<string> {
  const hash = createHash('sha256').update(flags.join('\0'));
  hash.update(await run('clang', ['--version']));
  for (const folder of [join(repoRoot, 'bpf'), HEADERS])
    for (const name of (await readdir(folder)).sort())
      if (/\.[ch]$/.test(name)) hash.update(name).update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 32);
}
