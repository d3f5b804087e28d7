import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../../../build/run.ts';

/** What a guest needs before its root file system is there; crc32c because ext4 asks for it by name. */
const MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net', 'ext4', 'crc32c_generic'];

/** Drives: vda the root, vdb the kernel's modules, vdc the seed (a tar file). See qemu.ts. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod $module; done
/bin/busybox mount -t ext4 /dev/vda /newroot
/bin/busybox mount -t ext4 -o ro /dev/vdb /newroot/usr/lib/modules
/bin/busybox mount -t tmpfs -o mode=755 run /newroot/run
/bin/busybox tar -xf /dev/vdc -C /newroot/run
/bin/busybox mount --move /dev /newroot/dev
exec /bin/busybox switch_root /newroot /bin/sh /run/lab/init
`;

/** Changes when initramfs images made before are no longer right. */
export const initramfsRecipe = [MODULES, INIT, 1];

/**
 * Writes an uncompressed initramfs that loads the drivers and mounts the drives, into `out`.
 * @param modules The kernel's /lib/modules/RELEASE with its modules.dep.
 * @param busybox a program for the kernel's processor
 */
export async function makeInitramfs(modules: string, busybox: string, out: string): Promise<void> {
  const tree = `${out}.tree`;
  for (const dir of ['bin', 'dev', 'modules', 'newroot']) await mkdir(join(tree, dir), { recursive: true });
  await copyFile(busybox, join(tree, 'bin/busybox'));
  await writeFile(join(tree, 'init'), INIT);
  await chmod(join(tree, 'init'), 0o755);
  const files = loadOrder(await readFile(join(modules, 'modules.dep'), 'utf8'), MODULES);
  for (const [index, file] of files.entries()) {
    const copy = join(tree, 'modules', `${String(index).padStart(2, '0')}-${basename(file)}`);
    await copyFile(join(modules, file), copy);
    if (copy.endsWith('.xz')) await run('xz', ['-d', copy]); // busybox insmod takes only plain files
  }
  await run('sh', ['-c', 'cd "$1" && find . | cpio --quiet -o -H newc > "$2"', 'sh', tree, out]);
  await rm(tree, { recursive: true });
  if (!existsSync(out)) throw new Error(`cpio wrote no ${out}`);
}

/**
 * The files of these modules and of all that they depend on, in the order to load them. Names that are not in
 * modules.dep are built into the kernel or do not exist there; neither needs loading.
 */
export function loadOrder(modulesDep: string, names: readonly string[]): string[] {
  const needs = new Map<string, string[]>();
  for (const line of modulesDep.split('\n')) {
    const [file, dependencies = ''] = line.split(':');
    if (file) needs.set(file, dependencies.split(' ').filter(Boolean));
  }
  const order = new Set<string>();
  for (const name of names) {
    const file = [...needs.keys()].find(
      (path) => basename(path).split('.')[0]?.replaceAll('-', '_') === name,
    );
    if (file === undefined) continue;
    // modules.dep lists all dependencies, the ones to load first last
    for (const dependency of [...(needs.get(file) ?? [])].reverse()) order.add(dependency);
    order.add(file);
  }
  return [...order];
}
