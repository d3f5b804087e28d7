/** Debian's debug files of a kernel (vmlinux and modules with DWARF), for the accuracy figures and the tests of lines. */
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { dependencies, downloadPackage, type DebianArch, type Suite } from './debian.ts';
import { cacheDir } from '../paths.ts';
import { run } from '../run.ts';

/** Modules that measurements and tests want; one list, or each call would unpack the package anew. */
export const DEBUG_MODULES = [
  'bridge',
  'nf_conntrack',
  'nf_tables',
  'openvswitch',
  'sctp',
  'tun',
  'virtio_net',
  'vxlan',
  'wireguard',
];

export interface KernelDebug {
  /** As `uname -r` gives it on the kernel. */
  release: string;
  /** A copy of `/usr/lib/debug`. */
  root: string;
}

/**
 * Downloads `linux-image-…-cloud-ARCH-dbg` (280 MB) and unpacks vmlinux and the modules that are named (the
 * others would be a gigabyte). A second call with the same modules costs nothing.
 * @param modules names of files without `.ko`
 */
export async function kernelDebug(
  suite: Suite,
  arch: DebianArch,
  modules: readonly string[],
  log: (line: string) => void,
): Promise<KernelDebug> {
  const depends = await dependencies(suite, `linux-image-cloud-${arch}`, arch);
  const image = depends.find((name) => /^linux-image-\d/.test(name));
  if (image === undefined) throw new Error(`Debian ${suite}: linux-image-cloud-${arch} names no kernel`);
  const release = image.replace('linux-image-', '');
  log(`debug files of ${release} (280 MB, once)`);
  const deb = await downloadPackage(suite, `${image}-dbg`, arch);
  const dir = join(cacheDir('debug'), basename(deb, '.deb'));
  const root = join(dir, 'usr/lib/debug');
  const listed = join(dir, `unpacked-${[...modules].sort().join('-')}`);
  if (existsSync(listed)) return { release, root };
  const temporary = await mkdtemp(join(cacheDir('debug'), '.tmp-'));
  try {
    const names = modules.map((name) => `*/${name}.ko`);
    const script = 'deb=$1; shift; dpkg --fsys-tarfile "$deb" | tar -x --wildcards "$@"';
    const patterns = ['*/boot/vmlinux-*', '*/modules/*/vmlinux', ...names];
    await run('bash', ['-o', 'pipefail', '-c', script, 'unpack', deb, ...patterns], { cwd: temporary });
    await writeFile(join(temporary, basename(listed)), '');
    await rm(dir, { recursive: true, force: true });
    await rename(temporary, dir);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return { release, root };
}
