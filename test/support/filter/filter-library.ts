/** libpcap.wasm, the name tables and the worker, built for tests. */
import { build as esbuild } from 'esbuild';
import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLibpcap } from '../../../build/libpcap/libpcap.ts';
import { distDir, repoRoot } from '../../../build/paths.ts';
import type { FilterLibrary } from '../../../extension/filter/libpcap/compile.ts';
import type { NameTables } from '../../../extension/filter/libpcap/names.ts';

export async function loadFilterLibrary(): Promise<FilterLibrary> {
  await buildLibpcap();
  return {
    module: new WebAssembly.Module(await readFile(join(distDir, 'libpcap.wasm'))),
    names: JSON.parse(await readFile(join(distDir, 'netbase.json'), 'utf8')) as NameTables,
  };
}

/** A folder like dist/ with what a FilterCompiler needs, for the test to keep or to damage; the caller removes it. */
export async function makeFilterDist(): Promise<string> {
  await buildLibpcap();
  const dir = await mkdtemp(join(tmpdir(), 'kpt-filter-'));
  for (const name of ['libpcap.wasm', 'netbase.json']) await cp(join(distDir, name), join(dir, name));
  await esbuild({
    entryPoints: [join(repoRoot, 'extension/filter/worker.ts')],
    outfile: join(dir, 'filter-worker.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
  });
  return dir;
}

/** A valid filter of any size; libpcap's optimiser needs minutes for a thousand hosts. */
export function hostsFilter(count: number): string {
  const hosts = Array.from({ length: count }, (_, index) => `host 10.0.${index >> 8}.${index & 255}`);
  return hosts.join(' or ');
}
