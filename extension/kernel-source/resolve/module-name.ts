import { basename, dirname } from 'node:path/posix';

/** Whether a reference's module says that the function is none of a module's; empty: not known. */
export function isBuiltIn(module: string): boolean {
  return module === '' || module === 'vmlinux';
}

/** Whether the path looks like a source of the module: 3 its own file, 2 its folder, 1 a file named after it. */
export function moduleScore(path: string, module: string): number {
  if (module === '') return 0;
  const plain = (name: string) => name.replace(/\.[ch]$/, '').replaceAll('-', '_');
  const wanted = plain(module);
  const file = plain(basename(path));
  if (file === wanted) return 3;
  if (dirname(path).split('/').map(plain).includes(wanted)) return 2;
  return file.startsWith(`${wanted}_`) ? 1 : 0;
}
