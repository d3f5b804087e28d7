import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildLibpcap } from '../../../build/libpcap/libpcap.ts';
import { distDir } from '../../../build/paths.ts';
import { NameLookup } from '../../../extension/filter/language/name-lookup.ts';
import type { NameTables } from '../../../extension/filter/libpcap/names.ts';

/** The names that the extension has. */
export async function loadNames(): Promise<NameLookup> {
  await buildLibpcap();
  return new NameLookup(JSON.parse(await readFile(join(distDir, 'netbase.json'), 'utf8')) as NameTables);
}
