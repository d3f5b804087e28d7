import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Writes files into a new temporary folder, which the caller removes. @returns the folder */
export async function writeTree(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'kernel-source-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** What a tree needs to be taken for the kernel's. */
export const LANDMARKS = { Kbuild: '', MAINTAINERS: '', 'net/core/skbuff.c': '' };

/** A function's text in kernel style, of six lines. */
export function define(name: string, parameters = 'struct sk_buff *skb'): string {
  return `int ${name}(${parameters})\n{\n\tint a = 0;\n\n\treturn a;\n}\n`;
}
