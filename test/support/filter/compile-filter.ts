import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildLibpcap } from '../../../build/libpcap/libpcap.ts';
import { distDir } from '../../../build/paths.ts';
import { compileWith, type FilterLibrary } from '../../../extension/filter/libpcap/compile.ts';
import type { NameTables } from '../../../extension/filter/libpcap/names.ts';
import type { CbpfInstruction, CompiledFilter } from '../../../common/protocol.ts';

let library: Promise<FilterLibrary> | undefined;

async function loadLibrary(): Promise<FilterLibrary> {
  await buildLibpcap();
  return {
    module: new WebAssembly.Module(readFileSync(join(distDir, 'libpcap.wasm'))),
    names: JSON.parse(readFileSync(join(distDir, 'netbase.json'), 'utf8')) as NameTables,
  };
}

/**
 * Compiles with libpcap, without the worker and deadlines of the product. A refused side is null.
 * @param vlanOutside as for a trace
 */
export async function compileFilter(
  text: string,
  optimize = true,
  vlanOutside = false,
): Promise<CompiledFilter> {
  const loaded = await (library ??= loadLibrary());
  const side = (link: 'EN10MB' | 'RAW'): readonly CbpfInstruction[] | null => {
    const result = compileWith(loaded, text, link, { optimize, vlanOutside });
    return result.ok ? result.instructions : null;
  };
  return { l2: side('EN10MB'), l3: side('RAW') };
}
