import { build as esbuild, type BuildOptions } from 'esbuild';
import { join } from 'node:path';
import { distDir, repoRoot } from './paths.ts';

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  minify: true,
  keepNames: true, // class names appear in error reports
  sourcemap: false,
  legalComments: 'none', // licences are collected in NOTICE
  logLevel: 'warning',
};

/**
 * Bundles the extension, the terminal front end, the workers and the agent into dist/. Each finds its
 * files relative to itself; ssh2's optional native parts stay out.
 * @returns the names of the npm packages whose code is in the bundles, for NOTICE
 */
export async function bundle(): Promise<string[]> {
  const ssh = { external: ['vscode', 'cpu-features', '*.node'] };
  const entries: BuildOptions[] = [
    {
      ...ssh,
      entryPoints: ['extension/main.ts'],
      outfile: 'extension.cjs',
      // Its CommonJS build requires its parts in a way that esbuild does not see.
      alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    },
    {
      ...ssh,
      entryPoints: ['extension/cli/main.ts'],
      outfile: 'packet-trace.cjs',
      banner: { js: '#!/usr/bin/env node' },
    },
    { entryPoints: ['extension/filter/worker.ts'], outfile: 'filter-worker.cjs' },
    { entryPoints: ['extension/kernel-source/index/worker.ts'], outfile: 'kernel-source-worker.cjs' },
    { entryPoints: ['extension/kernel-source/symbolizer/worker.ts'], outfile: 'kernel-lines-worker.cjs' },
    { entryPoints: ['remote-agent/main.ts'], outfile: 'agent/agent.cjs' },
  ];
  const results = await Promise.all(
    entries.map((entry) =>
      esbuild({
        ...common,
        ...entry,
        metafile: true,
        absWorkingDir: repoRoot,
        outfile: join(distDir, entry.outfile ?? ''),
      }),
    ),
  );
  const inputs = results.flatMap((result) => Object.keys(result.metafile.inputs));
  const packages = inputs.map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]);
  return [...new Set(packages.filter((name) => name !== undefined))].sort();
}
