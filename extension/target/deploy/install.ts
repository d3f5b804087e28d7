/** Puts a bundle into root's folder on a target, whole or not at all. */
import { randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { PacketTraceError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { Bundle, BundleFile } from '../assets.ts';
import type { RootResult, RootSession } from '../root/session.ts';
import { quote } from '../shell.ts';
import { sumsMatch } from './bundle-checks.ts';
import { UNFINISHED } from './unfinished.ts';

export interface InstallRequest {
  session: RootSession;
  /** Root's folder on the target. */
  folder: string;
  bundle: Bundle;
  hasGzip: boolean;
  /** Bundles of this kind that stay, newest first, this one included. */
  keep: number;
  signal: AbortSignal | undefined;
  onProgress: ((message: string) => void) | undefined;
}

/** Exit codes of our scripts, apart from those of the programs in them. */
const EXIT_BAD_SUM = 91;
const EXIT_CUT = 92;
/** Slow disks take their time to keep 110 MB. */
const FINISH_LIMIT_MS = 300_000;

/**
 * Uploads to a temporary folder, compares the checksums there, has the disk keep it, and renames it into place,
 * where what was there before goes.
 * @returns the bytes sent over the wire
 * @throws PacketTraceError `target-no-space`, `deploy`, `cancelled`, `connection-lost`; nothing unfinished is left
 *   behind (what a lost connection left is removed by the next upload)
 */
export async function install(request: InstallRequest): Promise<number> {
  const { session, bundle, folder, signal } = request;
  const temporary = `${folder}/.tmp-${randomBytes(8).toString('hex')}`;
  const below = bundle.files.map(({ path }) => `${temporary}/${path}`.replace(/\/[^/]*$/, ''));
  const folders = [...new Set([temporary, ...below])].map(quote).join(' ');
  const made = await session.run(
    `umask 077\n${UNFINISHED}\nbegin ${quote(temporary)} && mkdir -p ${folders}`,
    { signal },
  );
  if (made.code !== 0) throw failure(request, made, 'make a folder for the agent');
  try {
    const sent = await upload(request, temporary);
    await finish(request, temporary);
    return sent;
  } catch (error) {
    // Not with the request's signal. A session that ended has removed it by itself, or cannot any more.
    if (session.alive) await session.run(`rm -rf ${quote(temporary)}`).catch(() => undefined);
    throw error;
  }
}

async function upload(request: InstallRequest, temporary: string): Promise<number> {
  const { session, bundle, signal, hasGzip } = request;
  const total = bundle.files.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  let sent = 0;
  let shown = -1;
  const counted = (bytes: number) => {
    done += bytes;
    const now = Math.floor(done / 1e6);
    if (now === shown) return;
    shown = now;
    request.onProgress?.(`Uploading ${bundle.title} to ${session.name} (${now} of ${megabytes(total)} MB)`);
  };
  for (const file of bundle.files) {
    const input = wire(file, hasGzip, counted, (bytes) => (sent += bytes));
    const path = quote(`${temporary}/${file.path}`);
    // When the connection is cut, the input ends early: then nobody else is left to clear up. The size is looked at
    // since a full disk is not told by everything that writes.
    const result = await session.feed(
      `umask 077
receive | ${hasGzip ? 'gzip -dc' : 'cat'} > ${path} && [ "$(wc -c < ${path})" -eq ${file.bytes} ] && exit 0
rm -rf ${quote(temporary)}
exit ${EXIT_CUT}`,
      input,
      signal,
    );
    if (result.code !== 0) throw failure(request, result, `write ${temporary}/${file.path}`);
  }
  return sent;
}

/** Compares checksums, keeps, renames, and clears old bundles of the same kind. */
async function finish(request: InstallRequest, temporary: string): Promise<void> {
  const { session, bundle, folder, keep, signal } = request;
  const dir = quote(`${folder}/${bundle.name}`);
  const [there, old] = [quote(temporary), quote(`${temporary}-old`)];
  const kind = bundle.name.replace(/-.*/, '');
  const modes = bundle.files.map(({ mode, path }) => `chmod ${mode.toString(8)} ${quote(path)}`).join('\n');
  const files = bundle.files.map(({ path }) => quote(path)).join(' ');
  const result = await session.run(
    `${UNFINISHED}
cd ${there} || exit 1
${sumsMatch(bundle)} || exit ${EXIT_BAD_SUM}
${modes}
# Before the rename: after a power cut a file may else have its name and size and nothing in it.
sync ${files} . 2>/dev/null || sync
finished
cd ${quote(folder)} || exit 1
# What is there is another start's, which was quicker, or was found damaged: either way this one is whole.
[ ! -d ${dir} ] || mv ${dir} ${old}
# Without -T it would move into one that has come meanwhile; few have no -T.
mv -T ${there} ${dir} || { [ ! -e ${dir} ] && mv ${there} ${dir}; } || [ -d ${dir} ] || exit 1
rm -rf ${old} ${there}
ls -dt ${kind}-* | tail -n +${keep + 1} | while read -r past; do rm -rf "$past"; done
exit 0`,
    { signal, timeoutMs: FINISH_LIMIT_MS },
  );
  if (result.code === EXIT_BAD_SUM) {
    throw new PacketTraceError(
      'deploy',
      `What arrived of ${bundle.title} on ${session.name} differs from what was sent (SHA-256).`,
      'Try again; if it repeats, check the disk of the target, that it has sha256sum, and the installation of this extension.',
    );
  }
  if (result.code !== 0) throw failure(request, result, `put ${bundle.title} in place`);
}

function failure({ session, folder }: InstallRequest, result: RootResult, action: string): PacketTraceError {
  const said = printable(result.output.trim().split('\n').slice(-3).join('; '));
  if (
    /No space left on device|Disk quota exceeded/i.test(said) ||
    (result.code === EXIT_CUT && said === '')
  ) {
    return new PacketTraceError(
      'target-no-space',
      `There is no room for the agent in ${folder} on ${session.name}: ${said === '' ? 'a file was cut short' : said}.`,
      'Free some space there (Node needs about 110 MB when the target has none of its own), or name another folder: --target-folder, packetTrace.target.folder.',
    );
  }
  return new PacketTraceError(
    'deploy',
    `Could not ${action} on ${session.name}: ${said === '' ? `exit code ${result.code}` : said}.`,
    'Another folder can be named: --target-folder, packetTrace.target.folder.',
  );
}

/** The file as it travels. */
function wire(
  file: BundleFile,
  hasGzip: boolean,
  counted: (bytes: number) => void,
  sent: (bytes: number) => void,
): Readable {
  const plain = through(file.open(), counted);
  const gzip = () => createGzip({ level: constants.Z_DEFAULT_COMPRESSION, chunkSize: 64 * 1024 });
  return through(hasGzip ? pipe(plain, gzip()) : plain, sent);
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
