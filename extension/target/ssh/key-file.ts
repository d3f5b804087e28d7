import { access, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';

/** What a private key file turned out to be. */
export type KeyFile =
  | { kind: 'key'; path: string; key: ParsedKey }
  /** `publicKey` is known where the format or a .pub file beside it shows it. */
  | { kind: 'encrypted'; path: string; content: Buffer; publicKey: ParsedKey | undefined }
  /** Only the public half, which selects a key of the SSH agent; `path` is the file that holds it. */
  | { kind: 'public'; path: string; key: ParsedKey }
  /** `why` continues the sentence "PATH …"; `missing` files are no surprise among the defaults. */
  | { kind: 'unusable'; path: string; why: string; missing: boolean };

/** How it is said that a key needs the system's ssh. */
export const NEEDS_SYSTEM = "which only the system's ssh can use";

const OPENSSH_MAGIC = 'openssh-key-v1\0';

/** Reads and classifies a private key file; never throws, never asks. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const unusable = (why: string, missing = false): KeyFile => ({ kind: 'unusable', path, why, missing });
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A key on a card or in an agent leaves only its public half here.
    const publicKey = code === 'ENOENT' ? await readPublicKey(`${path}.pub`) : undefined;
    if (publicKey !== undefined) return { kind: 'public', path: `${path}.pub`, key: publicKey };
    if (code === 'ENOENT' || code === 'ENOTDIR') return unusable('does not exist', true);
    if (code === 'EACCES' || code === 'EPERM') return unusable('may not be read by you');
    if (code === 'EISDIR') return unusable('is a folder');
    return unusable(`cannot be read (${(error as Error).message})`);
  }
  const envelope = readEnvelope(content);
  if (envelope?.type.startsWith('sk-') === true) return unusable(`is a FIDO security key, ${NEEDS_SYSTEM}`);
  const text = content.toString('latin1');
  if (/^\S+-cert-v01@openssh\.com /.test(text)) return unusable(`is an OpenSSH certificate, ${NEEDS_SYSTEM}`);
  if (text.startsWith('sk-')) return unusable(`is the public half of a FIDO security key, ${NEEDS_SYSTEM}`);
  if (/^(ssh|ecdsa)-\S+ /.test(text)) {
    const publicKey = asKey(ssh2.utils.parseKey(content));
    return publicKey === undefined
      ? unusable('is a public key of a type that is not supported')
      : { kind: 'public', path, key: publicKey };
  }
  const key = asKey(ssh2.utils.parseKey(content));
  if (key !== undefined)
    return key.isPrivateKey() ? { kind: 'key', path, key } : unusable('holds no private key');
  if (isEncrypted(content, envelope)) {
    const beside = await readFile(`${path}.pub`).catch(() => undefined);
    const publicKey = asKey(ssh2.utils.parseKey(envelope?.publicKey ?? beside ?? Buffer.alloc(0)));
    return { kind: 'encrypted', path, content, publicKey };
  }
  if (isEd25519InPkcs8(text)) {
    return unusable(
      `is an Ed25519 key in PKCS#8, which cannot be read here; "ssh-keygen -p -f ${path}" (OpenSSH 9.6 or newer) rewrites it in OpenSSH's own format`,
    );
  }
  return unusable('is not a private key in a format we can read (OpenSSH, PEM or PuTTY version 2)');
}

/** A leading `~` is the home directory, as in a shell. */
export function expandHome(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, () => homedir());
}

/** `PATH-cert.pub`, which ssh tries by itself, where there is one. */
export async function certificateBeside(path: string): Promise<string | undefined> {
  const certificate = `${path.replace(/\.pub$/, '')}-cert.pub`;
  return access(certificate).then(
    () => certificate,
    () => undefined,
  );
}

async function readPublicKey(path: string): Promise<ParsedKey | undefined> {
  const content = await readFile(path).catch(() => undefined);
  return content === undefined ? undefined : asKey(ssh2.utils.parseKey(content));
}

/** RFC 8410's object identifier, 1.3.101.112, in a PKCS#8 structure. */
function isEd25519InPkcs8(text: string): boolean {
  const body = /-----BEGIN PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return false;
  return Buffer.from(body.replace(/\s+/g, ''), 'base64').includes(Buffer.from('06032b6570', 'hex'));
}

/** @returns undefined when the passphrase is wrong */
export function decryptKey(content: Buffer, passphrase: string): ParsedKey | undefined {
  return asKey(ssh2.utils.parseKey(content, passphrase));
}

/** ssh2 gives a list for formats that could hold several keys. */
function asKey(parsed: ParsedKey | Error | ParsedKey[]): ParsedKey | undefined {
  const first = Array.isArray(parsed) ? parsed[0] : parsed;
  return first === undefined || first instanceof Error ? undefined : first;
}

interface Envelope {
  cipher: string;
  type: string;
  publicKey: Buffer;
}

/** OpenSSH's own format shows the public key even when encrypted (PROTOCOL.key in its sources). */
function readEnvelope(content: Buffer): Envelope | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(content.toString('latin1'))?.[1];
  if (body === undefined) return undefined;
  const data = Buffer.from(body.replace(/\s+/g, ''), 'base64');
  if (data.toString('latin1', 0, OPENSSH_MAGIC.length) !== OPENSSH_MAGIC) return undefined;
  try {
    let at = OPENSSH_MAGIC.length;
    const field = () => {
      const start = at + 4;
      at = start + data.readUInt32BE(at);
      if (at > data.length) throw new RangeError('cut short');
      return data.subarray(start, at);
    };
    const cipher = field().toString('latin1');
    field(); // key derivation function
    field(); // its options
    at += 4; // number of keys: always 1
    const publicKey = field();
    return { cipher, publicKey, type: publicKey.toString('latin1', 4, 4 + publicKey.readUInt32BE(0)) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function isEncrypted(content: Buffer, envelope: Envelope | undefined): boolean {
  if (envelope !== undefined) return envelope.cipher !== 'none';
  const text = content.toString('latin1', 0, 2000);
  return (
    /^Proc-Type: 4,ENCRYPTED/m.test(text) ||
    text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') ||
    /^PuTTY-User-Key-File-2:[\s\S]*^Encryption: (?!none)/m.test(text)
  );
}
