/** Shell conditions on a bundle, for the folder that it lies in as working folder. */
import type { Bundle } from '../assets.ts';
import { quote } from '../shell.ts';

/** Every file is there and has its size. */
export function sizesMatch({ files }: Bundle): string {
  const lines = files.map(({ bytes, path }) => `${bytes} ${path}`);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (files.length > 1) lines.push(`${total} total`);
  const paths = files.map(({ path }) => quote(path)).join(' ');
  return `[ "$(echo $(wc -c ${paths} 2>/dev/null))" = ${quote(lines.join(' '))} ]`;
}

/** Every file has its SHA-256. */
export function sumsMatch({ files }: Bundle): string {
  const lines = files.map(({ sha256, path }) => quote(`${sha256}  ${path}`)).join(' ');
  return `printf '%s\\n' ${lines} | sha256sum -c >/dev/null 2>&1`;
}

/**
 * The same of a large bundle, whose sums are compared once in each boot of the target: while it runs only root
 * changes the files, and what a power cut makes of them is seen after it.
 */
export function sumsMatchedThisBoot(bundle: Bundle): string {
  const boot = '/proc/sys/kernel/random/boot_id';
  return `{ ${sizesMatch(bundle)} && { [ -s .checked ] && cmp -s .checked ${boot} || { ${sumsMatch(bundle)} && { cat ${boot} > .checked; :; } 2>/dev/null; }; }; }`;
}
