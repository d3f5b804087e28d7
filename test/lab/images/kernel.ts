import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  downloadPackage,
  ensureInstalled,
  unpackPackage,
  type DebianArch,
} from '../../../build/packages/debian.ts';
import { cacheDir } from '../../../build/paths.ts';
import { run } from '../../../build/run.ts';
import { cachedFolder, makeExt4, recipeHash } from './cache.ts';
import { initramfsRecipe, makeInitramfs } from './initramfs.ts';
import { archOf, kernelPackages, type KernelName, type KernelPackages } from './kernels.ts';

export interface KernelImage {
  release: string;
  arch: DebianArch;
  /** Paths: the compressed kernel, its initramfs, and an ext4 image of /usr/lib/modules. */
  vmlinuz: string;
  initramfs: string;
  modules: string;
}

/** Which version a suite has is asked once a day; asking takes seconds. */
const RESOLVED_KEEP_MS = 24 * 3600 * 1000;

/** All that it takes to boot a kernel, for any userland. */
export async function kernelImage(kernel: KernelName, log: (line: string) => void): Promise<KernelImage> {
  const { release, suite, packages } = await resolve(kernel, log);
  const arch = archOf(kernel);
  const recipe = recipeHash([packages, initramfsRecipe, 1]);
  const dir = await cachedFolder(`kernel-${kernel}`, recipe, async (dir) => {
    log(`fetching kernel ${release}`);
    await ensureInstalled(['cpio', 'e2fsprogs', 'kmod', 'xz-utils']);
    const tree = join(dir, 'tree');
    for (const { name } of packages)
      await run('dpkg', ['-x', await downloadPackage(suite, name, arch), tree]);
    await copyFile(await findKernel(tree, release), join(dir, 'vmlinuz'));
    // Debian moved /lib/modules to /usr/lib/modules; depmod and the image want one place.
    const modules = join(dir, 'lib/modules');
    await mkdir(modules, { recursive: true });
    const packed = await findModules(tree, release);
    await rename(packed, join(modules, release));
    await run('depmod', ['-b', dir, release]);
    await makeInitramfs(join(modules, release), await busybox(arch), join(dir, 'initramfs'));
    await makeExt4(modules, join(dir, 'modules.img'), 0);
    await rm(tree, { recursive: true });
    await rm(join(dir, 'lib'), { recursive: true });
  });
  const path = (name: string) => join(dir, name);
  return {
    release,
    arch,
    vmlinuz: path('vmlinuz'),
    initramfs: path('initramfs'),
    modules: path('modules.img'),
  };
}

/** The path of a busybox that needs no libraries. */
async function busybox(arch: DebianArch): Promise<string> {
  return join(await unpackPackage('bookworm', 'busybox-static', arch), 'bin/busybox');
}

/** The kernel's packages, from the answer of the last day, or from an older one while the mirror is away. */
async function resolve(kernel: KernelName, log: (line: string) => void): Promise<KernelPackages> {
  const file = join(cacheDir('lab'), `kernel-${kernel}.json`);
  const known = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as KernelPackages & { time: number },
    () => undefined,
  );
  if (known !== undefined && Date.now() - known.time < RESOLVED_KEEP_MS) return known;
  try {
    const fresh = await kernelPackages(kernel);
    await writeFile(`${file}.${process.pid}`, JSON.stringify({ ...fresh, time: Date.now() }));
    await rename(`${file}.${process.pid}`, file);
    return fresh;
  } catch (error) {
    if (known === undefined) throw error;
    log(`cannot ask for the newest ${kernel} kernel, taking ${known.release}: ${String(error)}`);
    return known;
  }
}

async function findKernel(tree: string, release: string): Promise<string> {
  const places = [join(tree, 'boot'), join(tree, 'usr/lib/modules', release), join(tree, 'usr/lib/linux')];
  for (const place of places) {
    const names = await readdir(place).catch((): string[] => []);
    const name = names.find((name) => name.startsWith('vmlinuz'));
    if (name !== undefined) return join(place, name);
  }
  throw new Error(`the packages of kernel ${release} hold no vmlinuz in ${places.join(', ')}`);
}

async function findModules(tree: string, release: string): Promise<string> {
  for (const place of ['usr/lib/modules', 'lib/modules']) {
    const names = await readdir(join(tree, place)).catch((): string[] => []);
    if (names.includes(release)) return join(tree, place, release);
  }
  throw new Error(`the packages of kernel ${release} hold no modules`);
}
