/** RevokedHostKeys of ssh_config(5): public keys, one a line, or OpenSSH's binary key revocation list. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyTypeOf } from './host-key.ts';

const KRL_MAGIC = 'SSHKRL\n\0';
const KEYGEN_LIMIT_MS = 10_000;

/**
 * Why a host key may not be used, as the rest of a sentence; undefined: it may. A list that cannot be read revokes
 * every key, as in ssh(1).
 */
export async function revocation(file: string, blob: Buffer): Promise<string | undefined> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    return `${file}, the list of revoked keys, cannot be read (${(error as Error).message})`;
  }
  if (content.toString('latin1', 0, KRL_MAGIC.length) === KRL_MAGIC) return askKeygen(file, blob);
  const key = blob.toString('base64');
  const isRevoked = content
    .toString('utf8')
    .split('\n')
    .some((line) => !line.trim().startsWith('#') && line.split(/\s+/).includes(key));
  return isRevoked ? `${file} lists it as revoked` : undefined;
}

/** `ssh-keygen -Q` ends with 0 for a key that is not in the list. */
async function askKeygen(file: string, blob: Buffer): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), 'kpt-key-'));
  try {
    const key = join(dir, 'key.pub');
    await writeFile(key, `${keyTypeOf(blob)} ${blob.toString('base64')}\n`);
    const args = ['-Q', '-f', file, key];
    return await new Promise((resolve) => {
      execFile('ssh-keygen', args, { timeout: KEYGEN_LIMIT_MS }, (error, stdout) => {
        if (error === null) resolve(undefined);
        else if (stdout.includes(': REVOKED')) resolve(`${file} lists it as revoked`);
        else
          resolve(`ssh-keygen cannot look into ${file}, the list of revoked keys (${error.message.trim()})`);
      });
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
