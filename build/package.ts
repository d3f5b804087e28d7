/** `npm run package`: the one universal VSIX. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.ts';
import { node24 } from './packages/npm-package.ts';
import { repoRoot } from './paths.ts';
import { run } from './run.ts';

/**
 * Builds the product and packs it. @returns the path of the VSIX
 * @throws Error when the packager warns or fails
 */
export async function packageVsix(): Promise<string> {
  await build();
  const { name, version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  const file = join(repoRoot, `${name}-${version}.vsix`);
  const vsce = join(repoRoot, 'node_modules/@vscode/vsce/vsce');
  const args = [
    vsce,
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--out',
    file,
  ];
  // vsce needs Node 22; everything it packs is bundled already.
  const output = await run(await node24(), args, { cwd: repoRoot });
  if (/warning/i.test(output)) throw new Error(`the packager warns:\n${output}`);
  return file;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(await packageVsix());
