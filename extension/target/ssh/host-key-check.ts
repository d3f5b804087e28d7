import { readFile } from 'node:fs/promises';
import { PacketTraceError } from '../../base/errors.ts';
import type { HostKeyStore, Logger, Prompts } from '../connection.ts';
import type { Deadline } from './deadline.ts';
import { fingerprintOf, judgeHostKey, keyTypeOf, orderAlgorithms } from './host-key.ts';
import type { HostKeyVerdict } from './host-key.ts';
import { knownHostName, parseKnownHosts } from './known-hosts.ts';
import type { KnownHost } from './known-hosts.ts';
import type { SshSettings } from './config.ts';

export interface HostKeyCheckRequest {
  settings: SshSettings;
  prompts: Prompts;
  hostKeys: HostKeyStore;
  log: Logger;
  deadline: Deadline;
}

/** Checks the key of one host against the user's known_hosts files and our own store, asking if need be. */
export class HostKeyCheck {
  /** Why the key was refused. */
  refusal: PacketTraceError | undefined;
  /** Blobs accepted in this connection: a new key exchange must not ask again. */
  readonly #accepted = new Set<string>();

  private constructor(
    private readonly request: HostKeyCheckRequest,
    private readonly names: readonly string[],
    private readonly entries: readonly KnownHost[],
  ) {}

  static async load(request: HostKeyCheckRequest): Promise<HostKeyCheck> {
    const { settings } = request;
    const entries = parseKnownHosts(
      await request.hostKeys.read(),
      'the keys accepted in Kernel Packet Trace',
    );
    for (const file of settings.knownHostsFiles) {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') request.log.warn(`Cannot read ${file}: ${error.message}`);
        return '';
      });
      entries.push(...parseKnownHosts(text, file));
    }
    return new HostKeyCheck(request, hostNames(settings), entries);
  }

  /** For ssh2's `algorithms.serverHostKey`. */
  get algorithms(): string[] {
    return orderAlgorithms(this.names, this.entries, this.request.settings.hostKeyAlgorithms);
  }

  async accepts(blob: Buffer): Promise<boolean> {
    const key = blob.toString('base64');
    if (this.#accepted.has(key)) return true;
    const verdict = judgeHostKey(this.names, blob, this.entries);
    try {
      if (verdict.kind !== 'known') await this.#settle(verdict, blob);
      this.#accepted.add(key);
      return true;
    } catch (error) {
      this.refusal = error instanceof PacketTraceError ? error : this.#notTrusted(blob, String(error));
      return false;
    }
  }

  async #settle(verdict: Exclude<HostKeyVerdict, { kind: 'known' }>, blob: Buffer): Promise<void> {
    const { prompts, hostKeys, deadline } = this.request;
    const host = this.names[0] ?? '';
    const shown = `${keyTypeOf(blob)} key ${fingerprintOf(blob)}`;
    if (verdict.kind === 'revoked') {
      throw new PacketTraceError(
        'host-key-changed',
        `${host} showed the ${shown}, which ${verdict.by.origin} marks as revoked. Nothing was sent to it.`,
        'Somebody may be listening in. Ask the administrator of the host for its present key.',
      );
    }
    if (verdict.kind === 'changed') {
      const known = verdict.known.map((entry) => `${entry.keyType} in ${entry.origin}`).join(', ');
      throw new PacketTraceError(
        'host-key-changed',
        `${host} showed the ${shown}, but another key is known for it (${known}). Nothing was sent to it.`,
        `Somebody may be listening in, or the host was installed anew. If the change is right, remove the old key: ssh-keygen -R '${host}'.`,
      );
    }
    const question = { host, keyType: keyTypeOf(blob), fingerprint: fingerprintOf(blob) };
    if (!(await deadline.whilePaused(() => prompts.confirmHostKey(question)))) {
      const authority = verdict.authority;
      throw this.#notTrusted(
        blob,
        authority === undefined
          ? ''
          : ` ${authority.origin} trusts it by a certificate authority, which is not supported.`,
      );
    }
    await hostKeys.append(`${host} ${keyTypeOf(blob)} ${blob.toString('base64')}`);
  }

  #notTrusted(blob: Buffer, why: string): PacketTraceError {
    const host = this.names[0] ?? '';
    return new PacketTraceError(
      'host-key-unknown',
      `The key of ${host} is not known and was not accepted: ${keyTypeOf(blob)} ${fingerprintOf(blob)}.${why}`,
      'Connect once with ssh and compare the fingerprint, or accept the key when asked.',
    );
  }
}

/** HostKeyAlias goes without a port; otherwise ssh looks under the port and, failing that, without it. */
function hostNames(settings: SshSettings): string[] {
  if (settings.hostKeyAlias !== undefined) return [settings.hostKeyAlias];
  return [...new Set([knownHostName(settings.hostName, settings.port), settings.hostName])];
}
