/** The binaries that the agent needs on a target: koffi, libbpf and what they load, and a Node of its own. */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { collectNode } from './node-binary.ts';
import { unpackPackage, type DebianArch, type Suite } from './debian.ts';
import { unpackNpmPackage } from './npm-package.ts';
import { distDir, repoRoot } from '../paths.ts';
import { platforms, type Pinned, type Platform } from './versions.ts';

/**
 * Each is the newest that still runs with glibc 2.28, the floor of Node 20–24 (RHEL 8, Ubuntu 20.04); they
 * load each other and the C library, nothing else.
 */
const LIBRARIES: readonly { suite: Suite; package: string; file: string }[] = [
  { suite: 'bookworm-backports', package: 'libbpf1', file: 'libbpf.so.1' },
  { suite: 'bullseye', package: 'libelf1', file: 'libelf.so.1' },
  { suite: 'bullseye', package: 'zlib1g', file: 'libz.so.1' },
];

const DEBIAN: Record<Platform, { arch: DebianArch; triplet: string }> = {
  'linux-x64': { arch: 'amd64', triplet: 'x86_64-linux-gnu' },
  'linux-arm64': { arch: 'arm64', triplet: 'aarch64-linux-gnu' },
};

/** Collects everything into dist/agent/<platform>/ and dist/node/; downloads only what is not cached. */
export async function collectNative(): Promise<void> {
  for (const platform of platforms) {
    const folder = join(distDir, 'agent', platform);
    await mkdir(folder, { recursive: true });
    for (const library of LIBRARIES) await collectLibrary(library, platform, folder);
    const koffi = await koffiPackage(platform);
    await place(join(koffi, platform.replace('-', '_'), 'koffi.node'), join(folder, 'koffi.node'), 0o644);
  }
  await collectNode();
}

async function collectLibrary(
  library: (typeof LIBRARIES)[number],
  platform: Platform,
  folder: string,
): Promise<void> {
  const { arch, triplet } = DEBIAN[platform];
  const unpacked = await unpackPackage(library.suite, library.package, arch);
  const found = ['usr/lib', 'lib']
    .map((lib) => join(unpacked, lib, triplet, library.file))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${library.package} (${arch}) has no ${library.file}`);
  await place(found, join(folder, library.file), 0o644);
}

/** Both platforms' packages are in the lock file, as optional dependencies of koffi. */
async function koffiPackage(platform: Platform): Promise<string> {
  const name = `@koromix/koffi-${platform}`;
  const lock = JSON.parse(await readFile(join(repoRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Pinned>;
  };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json does not have ${name}`);
  return unpackNpmPackage(name, entry);
}

/** A file copied with its contents complete or not at all; symbolic links are followed. */
async function place(from: string, to: string, mode: number): Promise<void> {
  const temporary = `${to}.${process.pid}`;
  await copyFile(from, temporary);
  await chmod(temporary, mode);
  await rename(temporary, to);
}
