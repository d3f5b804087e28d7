import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ensureInstalled } from './packages/debian.ts';
import { cacheDir, distDir, repoRoot } from './paths.ts';
import { run } from './run.ts';

const HEADERS = '/usr/include/bpf';
const TARGETS = [
  { platform: 'linux-x64', macro: '__TARGET_ARCH_x86' },
  { platform: 'linux-arm64', macro: '__TARGET_ARCH_arm64' },
] as const;

/** v3: 32-bit jumps and arithmetic, which the verifier has understood since 5.1. */
const FLAGS = ['-target', 'bpf', '-mcpu=v3', '-g', '-O2', '-Wall', '-Wextra', '-Werror'];

const OBJECTS = ['probes', 'follow', 'packet-programs', 'match', 'count'];
/** Those of a trace again, without kfuncs: libbpf looks for kfuncs in the running kernel's types, and some have none. */
const WITHOUT_KFUNCS = ['probes', 'follow', 'packet-programs'];
const VARIANTS = [
  ...OBJECTS.map((source) => ({ source, name: source, flags: [] as string[] })),
  ...WITHOUT_KFUNCS.map((source) => ({ source, name: `${source}.no-kfuncs`, flags: ['-DNO_KFUNCS'] })),
];
const bpfDir = join(repoRoot, 'bpf');

/**
 * Compiles bpf/<name>.bpf.c for each target architecture to dist/agent/<platform>/<name>.bpf.o. The objects keep
 * their BTF, which libbpf relocates them with, and no DWARF.
 */
export async function buildBpf(): Promise<void> {
  await ensureInstalled(['clang', 'llvm', 'libbpf-dev']);
  for (const { platform, macro } of TARGETS) {
    const flags = [...FLAGS, `-D${macro}`];
    const hash = await inputHash(flags);
    const folder = join(distDir, 'agent', platform);
    await mkdir(folder, { recursive: true });
    for (const { source, name, flags: more } of VARIANTS) {
      const cached = join(cacheDir('bpf'), `${name}-${hash}.o`);
      if ((await stat(cached).catch(() => undefined)) === undefined)
        await compile(join(bpfDir, `${source}.bpf.c`), [...flags, ...more], cached);
      const temporary = join(folder, `.${name}.${process.pid}`);
      await copyFile(cached, temporary);
      await rename(temporary, join(folder, `${name}.bpf.o`));
    }
    // Of programs that there were once: all of dist/ is shipped.
    for (const file of await readdir(folder))
      if (file.endsWith('.bpf.o') && !VARIANTS.some(({ name }) => name === basename(file, '.bpf.o')))
        await rm(join(folder, file));
  }
}

async function compile(source: string, flags: string[], output: string): Promise<void> {
  process.stderr.write(`compiling ${basename(source)} ${flags.at(-1)}\n`);
  const temporary = `${output}.${process.pid}`;
  await run('clang', [...flags, '-I', bpfDir, '-c', source, '-o', temporary]);
  await run('llvm-strip', ['-g', temporary]);
  await rename(temporary, output);
}

/**
 * Compiles a program that is not shipped, with what it includes of bpf/.
 * @param arch of the kernel that it is for, as in process.arch
 */
export async function compileBpf(source: string, arch: string = process.arch): Promise<Uint8Array> {
  await ensureInstalled(['clang', 'libbpf-dev']);
  const target = TARGETS.find(({ platform }) => platform === `linux-${arch}`);
  if (target === undefined) throw new Error(`no BPF programs for ${arch}`);
  const dir = await mkdtemp(join(tmpdir(), 'packet-trace-bpf-'));
  try {
    const object = join(dir, 'object.o');
    await run('clang', [...FLAGS, `-D${target.macro}`, '-I', bpfDir, '-c', source, '-o', object]);
    return await readFile(object);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Everything that decides what the object will be: sources, libbpf's headers, compiler, flags. */
async function inputHash(flags: string[]): Promise<string> {
  const hash = createHash('sha256').update(flags.join('\0'));
  hash.update(await run('clang', ['--version']));
  for (const folder of [bpfDir, HEADERS])
    for (const name of (await readdir(folder, { recursive: true })).sort())
      if (/\.[ch]$/.test(name)) hash.update(name).update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 32);
}
