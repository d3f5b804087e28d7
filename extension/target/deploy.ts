import { randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { PacketTraceError, throwIfCancelled } from '../base/errors.ts';
import type { Bundle, BundleFile } from './assets.ts';
import { quote, runScript } from './shell.ts';
import type { ScriptResult, Shell } from './shell.ts';

export interface DeployRequest {
  shell: Shell;
  /** The cache folder on the target. */
  cacheDir: string;
  bundle: Bundle;
  hasGzip: boolean;
  freeBytes: number | undefined;
  /** Folders of this kind that stay, newest first, this one included. */
  keep: number;
  signal: AbortSignal | undefined;
  onProgress: ((message: string) => void) | undefined;
}

/** Exit codes of our scripts, apart from those of the programs in them. */
const EXIT_NO_FOLDER = 90;
const EXIT_BAD_SUM = 91;

/**
 * Makes sure that a bundle is on the target, whole: uploads it to a temporary folder, compares the checksums
 * there, and renames it into place. What was there before is checked and used.
 * @returns the folder, and the bytes sent over the wire (0 when it was there)
 * @throws PacketTraceError `target-no-space`, `deploy`, `cancelled`, `connection-lost`; nothing is left behind
 *   as long as the connection holds (and later starts clear what a lost one left)
 */
export async function deploy(request: DeployRequest): Promise<{ dir: string; uploadedBytes: number }> {
  const { shell, bundle, cacheDir } = request;
  const dir = `${cacheDir}/${bundle.name}`;
  if (await isThere(request, dir)) return { dir, uploadedBytes: 0 };
  checkSpace(request);
  const temporary = `${cacheDir}/.tmp-${randomBytes(8).toString('hex')}`;
  try {
    const uploadedBytes = await upload(request, temporary);
    await finish(request, temporary, dir);
    return { dir, uploadedBytes };
  } catch (error) {
    // Not with the request's signal: cancelling must clean up too. A lost connection cannot.
    await runScript(shell, `rm -rf ${quote(temporary)}`, { timeoutMs: 5000 }).catch(() => undefined);
    throw error;
  }
}

/**
 * By size: checksums were compared when it was uploaded, and reading Node again would cost seconds at each
 * start on a small machine. Also marks the folder as used, which is what `keep` goes by.
 */
async function isThere({ shell, bundle, signal }: DeployRequest, dir: string): Promise<boolean> {
  const result = await runScript(shell, `cd ${quote(dir)} 2>/dev/null && ${sizesMatch(bundle)} && touch .`, {
    signal,
  });
  return result.code === 0;
}

function sizesMatch(bundle: Bundle): string {
  const size = (file: BundleFile) => `[ "$(wc -c 2>/dev/null < ${quote(file.path)})" -eq ${file.bytes} ]`;
  return `{ ${bundle.files.map(size).join(' && ')}; } 2>/dev/null`;
}

function checkSums(bundle: Bundle): string {
  const lines = bundle.files.map((file) => quote(`${file.sha256}  ${file.path}`)).join(' ');
  return `printf '%s\\n' ${lines} | sha256sum -c >/dev/null 2>&1`;
}

function checkSpace({ shell, bundle, freeBytes, cacheDir }: DeployRequest): void {
  const needed = bundle.files.reduce((sum, file) => sum + file.bytes, 0);
  if (freeBytes !== undefined && freeBytes < needed)
    throw noSpace(shell, cacheDir, `${megabytes(needed)} MB needed, ${megabytes(freeBytes)} MB free`);
}

async function upload(request: DeployRequest, temporary: string): Promise<number> {
  const { shell, bundle, signal } = request;
  const total = bundle.files.reduce((sum, file) => sum + file.bytes, 0);
  const folders = [
    ...new Set(bundle.files.map((file) => `${temporary}/${file.path}`.replace(/\/[^/]*$/, ''))),
  ];
  const made = await runScript(
    shell,
    `umask 077\nmkdir -p ${[temporary, ...folders].map(quote).join(' ')} || exit ${EXIT_NO_FOLDER}`,
    { signal },
  );
  if (made.code !== 0) throw failure(request, made, 'make a folder for the agent');
  let done = 0;
  let sent = 0;
  let shown = -1;
  for (const file of bundle.files) {
    const counted = (bytes: number) => {
      done += bytes;
      const now = Math.floor(done / 1e6);
      if (now === shown) return;
      shown = now;
      request.onProgress?.(`Uploading ${bundle.title} to ${shell.name} (${now} of ${megabytes(total)} MB)`);
    };
    sent += await uploadFile(request, `${temporary}/${file.path}`, file, counted);
  }
  return sent;
}

async function uploadFile(
  request: DeployRequest,
  path: string,
  file: BundleFile,
  counted: (bytes: number) => void,
): Promise<number> {
  const { shell, signal, hasGzip } = request;
  let sent = 0;
  const plain = through(file.open(), counted);
  const packed = hasGzip
    ? pipe(plain, createGzip({ level: constants.Z_DEFAULT_COMPRESSION, chunkSize: 64 * 1024 }))
    : plain;
  const input = through(packed, (bytes) => (sent += bytes));
  const script = `umask 077\n${hasGzip ? 'gzip -dc' : 'cat'} > ${quote(path)}`;
  const result = await runScript(shell, script, { input, signal }).finally(() => input.destroy());
  if (result.code !== 0) throw failure(request, result, `write ${path}`);
  return sent;
}

/** Compares checksums, renames, and clears old folders of the same kind and stale temporary ones. */
async function finish(request: DeployRequest, temporary: string, dir: string): Promise<void> {
  const { shell, bundle, cacheDir, keep, signal } = request;
  throwIfCancelled(signal);
  const kind = bundle.name.replace(/-.*/, '');
  const modes = bundle.files.map((file) => `chmod ${file.mode.toString(8)} ${quote(file.path)}`).join('\n');
  const result = await runScript(
    shell,
    `cd ${quote(temporary)} || exit ${EXIT_NO_FOLDER}
${checkSums(bundle)} || exit ${EXIT_BAD_SUM}
${modes}
cd ${quote(cacheDir)} || exit ${EXIT_NO_FOLDER}
# One that is there by now is another start's, which was quicker, or failed its check before.
if (cd ${quote(dir)} 2>/dev/null && ${sizesMatch(bundle)}); then rm -rf ${quote(temporary)}
else
  [ ! -d ${quote(dir)} ] || mv ${quote(dir)} ${quote(`${temporary}-old`)}
  mv ${quote(temporary)} ${quote(dir)} || exit 1
  rm -rf ${quote(`${temporary}-old`)}
fi
ls -dt ${kind}-* | tail -n +${keep + 1} | while read -r old; do rm -rf "$old"; done
find . -maxdepth 1 -name '.tmp-*' -mmin +60 -exec rm -rf {} + 2>/dev/null
exit 0`,
    { signal },
  );
  if (result.code === EXIT_BAD_SUM) {
    throw new PacketTraceError(
      'deploy',
      `What arrived of ${bundle.title} on ${shell.name} differs from what was sent (SHA-256).`,
      'Try again; if it repeats, check the disk of the target, that it has sha256sum, and the installation of this extension.',
    );
  }
  if (result.code !== 0) throw failure(request, result, `put ${bundle.title} in place`);
}

function failure({ shell, cacheDir }: DeployRequest, result: ScriptResult, action: string): PacketTraceError {
  const said = result.stderr.trim().split('\n').slice(-3).join('; ');
  if (/No space left on device|Disk quota exceeded/i.test(said)) return noSpace(shell, cacheDir, said);
  return new PacketTraceError(
    'deploy',
    `Could not ${action} on ${shell.name}: ${said || `exit code ${result.code ?? 'unknown'}`}.`,
    `The folder ${cacheDir} must be writable by the user who logs in.`,
  );
}

function noSpace(shell: Shell, cacheDir: string, detail: string): PacketTraceError {
  return new PacketTraceError(
    'target-no-space',
    `There is no room for the agent in ${cacheDir} on ${shell.name}: ${detail}.`,
    'Free some space there (Node needs about 110 MB when the target has none of its own) and try again.',
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0);
}

function through(source: Readable, count: (bytes: number) => void): Transform {
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count(chunk.length);
      done(null, chunk);
    },
  });
  return pipe(source, counter);
}

/** Like stream.pipe, with errors and the end of either side passed on. */
function pipe<T extends Transform>(source: Readable, sink: T): T {
  source.on('error', (error) => sink.destroy(error));
  sink.on('close', () => source.destroy());
  source.pipe(sink);
  return sink;
}
