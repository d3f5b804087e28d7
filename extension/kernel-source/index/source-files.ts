import type { Dirent } from 'node:fs';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Not part of the kernel: documentation, programs with functions of the same names, and lists of registers. */
export const NOT_KERNEL = new Set([
  ...['Documentation', 'tools', 'scripts', 'samples', 'usr', 'debian', 'LICENSES'],
  'drivers/gpu/drm/amd/include', // a third of the tree's bytes, not one function
]);

/** What deals with packets; indexed first. The headers are needed to expand macros. */
const NETWORKING = ['net', 'include', 'drivers/net', 'kernel/bpf', 'security'];

/** Which compressions the kernel can unpack; the only thing in its folder that matters. */
const INITRAMFS_KCONFIG = 'usr/Kconfig';

export interface TreeFiles {
  /** `.c` and `.h` files, relative, in the order to index them. */
  sources: string[];
  /** How many of them are networking. */
  networking: number;
  makefiles: string[];
  kconfigs: string[];
}

/** Lists a checkout. */
export function listTree(root: string): TreeFiles {
  const files: TreeFiles = { sources: [], networking: 0, makefiles: [], kconfigs: [] };
  const done = new Set(NOT_KERNEL);
  for (const folder of NETWORKING) {
    walk(root, folder, done, files);
    done.add(folder);
  }
  files.networking = files.sources.length;
  walk(root, '', done, files);
  files.kconfigs.push(INITRAMFS_KCONFIG);
  return files;
}

function walk(root: string, folder: string, leaveOut: ReadonlySet<string>, files: TreeFiles): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return; // a folder that this version of the kernel does not have
  }
  for (const { path, name, isFolder } of treeEntries(folder, entries, leaveOut))
    if (isFolder) walk(root, path, leaveOut, files);
    else if (isSource(name)) files.sources.push(path);
    else if (name === 'Makefile' || name === 'Kbuild') files.makefiles.push(path);
    else if (name.startsWith('Kconfig')) files.kconfigs.push(path);
}

/** The files and folders of a folder. Hidden folders are left out, and links not followed: no cycles. */
export function* treeEntries(folder: string, entries: readonly Dirent[], leaveOut: ReadonlySet<string>) {
  for (const entry of entries) {
    const { name } = entry;
    const path = folder === '' ? name : `${folder}/${name}`;
    const isFolder = entry.isDirectory();
    if (isFolder ? !name.startsWith('.') && !leaveOut.has(path) : entry.isFile())
      yield { path, name, isFolder };
  }
}

export function isSource(path: string): boolean {
  return /\.[ch]$/.test(path);
}
