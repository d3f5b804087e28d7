/** The files that a target needs, as the build left them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createBrotliDecompress } from 'node:zlib';
import { PacketTraceError } from '../base/errors.ts';
import type { Arch } from './platform.ts';

/** A folder of the cache on the target, named by what is in it. */
export interface Bundle {
  /** Folder name on the target, e.g. `agent-<sha256>`. */
  name: string;
  /** For progress messages. */
  title: string;
  files: BundleFile[];
}

export interface BundleFile {
  /** Relative to the bundle's folder, with `/`. */
  path: string;
  bytes: number;
  sha256: string;
  mode: number;
  open(): Readable;
}

/** The agent and the native parts of one architecture. @throws PacketTraceError `deploy` when they are missing */
export async function agentBundle(distDir: string, arch: Arch): Promise<Bundle> {
  const native = `linux-${arch}`;
  const names = await readdir(join(distDir, 'agent', native)).catch(missing(join(distDir, 'agent', native)));
  const files: BundleFile[] = [];
  for (const path of ['agent.cjs', ...names.sort().map((name) => `${native}/${name}`)]) {
    const source = join(distDir, 'agent', path);
    const content = await readFile(source).catch(missing(source));
    const sha256 = createHash('sha256').update(content).digest('hex');
    files.push({ path, bytes: content.length, sha256, mode: 0o600, open: () => createReadStream(source) });
  }
  const list = files.map((file) => `${file.sha256}  ${file.path}\n`).join('');
  const sum = createHash('sha256').update(list).digest('hex');
  return { name: `agent-${sum}`, title: 'the agent', files };
}

/** Node for one architecture, unpacked while it is read. @throws PacketTraceError `deploy` when it is missing */
export async function nodeBundle(distDir: string, arch: Arch): Promise<Bundle & { version: string }> {
  const manifestFile = join(distDir, 'node', 'manifest.json');
  const manifest = JSON.parse(
    await readFile(manifestFile, 'utf8').catch(missing(manifestFile)),
  ) as NodeManifest;
  const entry = manifest[`linux-${arch}`];
  const source = join(distDir, 'node', `linux-${arch}.br`);
  const file: BundleFile = {
    path: 'node',
    bytes: entry.bytes,
    sha256: entry.sha256,
    mode: 0o700,
    open: () => {
      const packed = createReadStream(source);
      const unpacked = createBrotliDecompress();
      packed.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
      return unpacked;
    },
  };
  return { name: `node-${entry.sha256}`, title: 'Node', files: [file], version: manifest.version };
}

interface NodeManifestEntry {
  /** Of the unpacked binary. */
  sha256: string;
  bytes: number;
}

interface NodeManifest {
  version: string;
  'linux-x64': NodeManifestEntry;
  'linux-arm64': NodeManifestEntry;
}

function missing(path: string): (error: unknown) => never {
  return (error) => {
    throw new PacketTraceError(
      'deploy',
      `A part of this installation is missing: ${path}.`,
      'Install the extension again, or run the build.',
      { cause: error },
    );
  };
}
