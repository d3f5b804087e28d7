import { createHash } from 'node:crypto';
import type { KnownHost } from './known-hosts.ts';
import { matchesHost } from './known-hosts.ts';

export type HostKeyVerdict =
  | { kind: 'known' }
  /** No key of this host is known; `authority`: a line that trusts it by certificate, which we cannot check. */
  | { kind: 'unknown'; authority: KnownHost | undefined }
  /** Other keys are known for it, and not this one. */
  | { kind: 'changed'; known: KnownHost[] }
  | { kind: 'revoked'; by: KnownHost };

/**
 * Key types that our SSH client can verify, best first, with the signature algorithms of each (RFC 8332
 * gives RSA keys newer ones; SHA-1 signatures are left out as OpenSSH 8.8 does).
 */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** All of them, best first. */
export const HOST_KEY_ALGORITHMS: readonly string[] = Object.values(ALGORITHMS).flat();

/** The type that a public key blob names, e.g. `ssh-ed25519`. */
export function keyTypeOf(blob: Buffer): string {
  return blob.length < 4 ? '' : blob.toString('latin1', 4, 4 + blob.readUInt32BE(0));
}

/** As ssh prints it: `SHA256:` and base64 without padding. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/**
 * Judges the key that a host showed. A key of a type that is not known, where another type is, counts as
 * changed: we ask for the known types first, so an honest host would have shown one of those.
 * @param names what the host may be called in known_hosts, most specific first; a key found under a later
 *   name makes the host known, but only the first name can make it changed (as ssh falls back to the name
 *   without its port).
 */
export function judgeHostKey(
  names: readonly string[],
  blob: Buffer,
  entries: readonly KnownHost[],
): HostKeyVerdict {
  const key = blob.toString('base64');
  const about = (name: string) => entries.filter((entry) => matchesHost(entry, name));
  const all = names.flatMap(about);
  const revoked = all.find((entry) => entry.marker === 'revoked' && entry.key === key);
  if (revoked !== undefined) return { kind: 'revoked', by: revoked };
  if (all.some((entry) => entry.marker === undefined && entry.key === key)) return { kind: 'known' };
  const others = about(names[0] ?? '').filter(
    (entry) => entry.marker === undefined && entry.keyType in ALGORITHMS,
  );
  if (others.length > 0) return { kind: 'changed', known: others };
  return { kind: 'unknown', authority: all.find((entry) => entry.marker === 'cert-authority') };
}

/**
 * Host key algorithms to offer, those of keys already known for the host first.
 * @param allowed the user's HostKeyAlgorithms, if any
 */
export function orderAlgorithms(
  names: readonly string[],
  entries: readonly KnownHost[],
  allowed: readonly string[] | undefined,
): string[] {
  const known = new Set(
    entries
      .filter((entry) => entry.marker === undefined && names.some((name) => matchesHost(entry, name)))
      .map((entry) => entry.keyType),
  );
  const types = Object.keys(ALGORITHMS);
  const ordered = [...types.filter((type) => known.has(type)), ...types.filter((type) => !known.has(type))];
  const algorithms = ordered.flatMap((type) => ALGORITHMS[type] ?? []);
  return algorithms.filter((algorithm) => allowed?.includes(algorithm) ?? true);
}
