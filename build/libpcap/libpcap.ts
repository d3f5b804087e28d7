/**
 * libpcap's filter compiler as a WebAssembly module, and the name tables it asks: dist/libpcap.wasm and
 * dist/netbase.json. Its source comes from Debian and is compiled unchanged; what the module has no system
 * for lies in build/libpcap/.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, unpackPackage, unpackSource, type Suite } from '../packages/debian.ts';
import { parseProtocols, parseServices } from './names.ts';
import { cacheDir, distDir, repoRoot } from '../paths.ts';
import { run } from '../run.ts';
import type { NameTables } from '../../extension/filter/libpcap/names.ts';

/**
 * Debian 12, which builds and tests run on: its native libpcap is then the same version, and the differential
 * test compares instruction by instruction.
 */
const SUITE: Suite = 'bookworm';

const shimDir = join(repoRoot, 'build', 'libpcap');
const results = ['libpcap.wasm', 'netbase.json'] as const;

/** Files of libpcap that its compiler consists of; what they have beside it is not linked. */
const libpcapFiles = ['gencode.c', 'optimize.c', 'nametoaddr.c', 'fmtutils.c', 'pcap.c'];

/** Builds what is not in the cache and copies it to dist/. */
export async function buildLibpcap(): Promise<void> {
  const source = await unpackSource(SUITE, 'libpcap');
  const netbase = await unpackPackage(SUITE, 'netbase');
  const key = await cacheKey([basename(source), basename(netbase)]);
  const cached = join(cacheDir('libpcap'), key);
  if (!(await exists(cached))) {
    process.stderr.write(`building libpcap.wasm from ${basename(source)}\n`);
    await withTemporary(cacheDir('libpcap'), async (dir) => {
      await compileModule(source, dir);
      await writeFile(join(dir, 'netbase.json'), JSON.stringify(await nameTables(netbase)));
      for (const name of await readdir(dir))
        if (!results.some((result) => result === name)) await rm(join(dir, name));
      await rename(dir, cached).catch(async (error: unknown) => {
        if (!(await exists(cached))) throw error; // else another build was faster
      });
    });
  }
  await mkdir(distDir, { recursive: true });
  await withTemporary(distDir, async (dir) => {
    for (const name of results) {
      await copyFile(join(cached, name), join(dir, name));
      await rename(join(dir, name), join(distDir, name));
    }
  });
}

/** Changes with every input of the build: source versions, and this folder: our C files and the code that builds. */
async function cacheKey(versions: string[]): Promise<string> {
  const hash = createHash('sha256').update(versions.join('\n'));
  const files = (await readdir(shimDir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) hash.update(`\n${basename(file)}\n`).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

async function compileModule(source: string, dir: string): Promise<void> {
  await ensureInstalled(['clang', 'lld', 'llvm', 'wasi-libc', 'libclang-rt-dev-wasm32', 'flex', 'bison']);
  // What configure would do for bison, and the Makefile's own two commands.
  const grammar = await readFile(join(source, 'grammar.y.in'), 'utf8');
  await writeFile(join(dir, 'grammar.y'), grammar.replace('@REENTRANT_PARSER@', '%define api.pure'));
  const options = { cwd: dir };
  await run('bison', ['-Wno-deprecated', '-p', 'pcap_', '-o', 'grammar.c', '-d', 'grammar.y'], options);
  const flex = ['-P', 'pcap_', '--header-file=scanner.h', '--nounput', '-o', 'scanner.c'];
  await run('flex', [...flex, join(source, 'scanner.l')], options);

  const version = (await readFile(join(source, 'VERSION'), 'utf8')).trim();
  const flags = compilerFlags(source, dir, version);
  const theirs = [...libpcapFiles.map((name) => join(source, name)), 'grammar.c', 'scanner.c'];
  const ours = (await readdir(shimDir)).filter((name) => name.endsWith('.c'));
  const objects: string[] = [];
  const compile = async (file: string, more: string[]) => {
    const object = `${basename(file, extname(file))}.o`;
    await run('clang', [...flags, ...more, '-c', file, '-o', object], options);
    objects.push(object);
  };
  for (const file of theirs) await compile(file, ['-w', '-include', 'trace.h']);
  for (const name of ours) await compile(join(shimDir, name), ['-Wall', '-Wextra', '-Werror']);
  await run('clang', [...linkerFlags, ...objects, '-o', 'libpcap.wasm'], options);
  await checkImports(join(dir, 'libpcap.wasm'));
}

function compilerFlags(source: string, dir: string, version: string): string[] {
  return [
    '--target=wasm32-wasi',
    '-Os',
    '-mmutable-globals', // the stack pointer is exported
    // wasi-libc's headers only: without this clang looks into this machine's /usr/include too.
    '-nostdlibinc',
    '-I',
    join(shimDir, 'include'),
    '-isystem',
    '/usr/include/wasm32-wasi',
    '-I',
    dir,
    '-I',
    source,
    '-D_WASI_EMULATED_SIGNAL', // sig_atomic_t; no signal function is linked
    '-DHAVE_CONFIG_H',
    '-DBUILDING_PCAP',
    `-DPACKAGE_VERSION="${version}"`,
    // Targets are Linux: without these `inbound` and `ifindex` are refused.
    '-Dlinux',
    '-D__linux__',
    // The scanner reads from memory; its other ways in and out would need streams.
    '-DYY_INPUT(buffer,count,size)=((count)=0)',
    '-DYY_FATAL_ERROR(message)=__builtin_trap()',
    '-DECHO=',
  ];
}

const linkerFlags = [
  '--target=wasm32-wasi',
  '-mexec-model=reactor',
  '-Wl,--export=malloc',
  // Its start value makes an instance new again after an error has left libpcap's frames behind.
  '-Wl,--export=__stack_pointer',
  '-Wl,--gc-sections',
  '-Wl,--strip-all',
  // libpcap's optimiser recurses once per block; with the stack first, an overflow traps.
  '-Wl,--stack-first',
  `-Wl,-z,stack-size=${4 * 1024 * 1024}`,
  // Beside the stack room for a usual filter, so that the memory need not grow.
  `-Wl,--initial-memory=${5 * 1024 * 1024}`,
  `-Wl,--max-memory=${256 * 1024 * 1024}`,
];

/** The module must need nothing but our two functions: a WASI import would mean a system call in it. */
async function checkImports(file: string): Promise<void> {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(await readFile(file)));
  const names = imports.map((entry) => `${entry.module}.${entry.name}`).sort();
  if (names.join() !== 'env.give_up,env.lookup')
    throw new Error(`libpcap.wasm imports ${names.join(', ')}; only env.give_up and env.lookup are expected`);
}

async function nameTables(netbase: string): Promise<NameTables> {
  const services = await readFile(join(netbase, 'etc', 'services'), 'utf8');
  const protocols = await readFile(join(netbase, 'etc', 'protocols'), 'utf8');
  return { ...parseServices(services), protocols: parseProtocols(protocols) };
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

async function withTemporary(parent: string, work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(parent, '.tmp-'));
  try {
    await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildLibpcap();
