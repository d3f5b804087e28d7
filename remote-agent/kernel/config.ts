import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** The largest of distributions have 300 KB of text. */
const BYTES_MAX = 2 * 1024 * 1024;

/** Where the configuration of a running kernel can be; the first needs CONFIG_IKCONFIG_PROC. */
const paths = (release: string) => [
  '/proc/config.gz',
  `/boot/config-${release}`,
  `/lib/modules/${release}/config`,
];

/**
 * The text of the running kernel's configuration, compressed by gzip; undefined when it cannot be read.
 * @param release as `uname -r` tells
 * @param root in place of `/`
 */
export async function readKernelConfig(release: string, root = ''): Promise<Buffer | undefined> {
  for (const path of paths(release)) {
    try {
      if ((await stat(root + path)).size > BYTES_MAX) continue;
      const bytes = await readFile(root + path);
      return path.endsWith('.gz') ? bytes : await promisify(gzip)(bytes);
    } catch {
      // Not there, or not for us to read: the next one may be.
    }
  }
  return undefined;
}
