import { readFile } from 'node:fs/promises';
import { PacketTraceError } from '../../base/errors.ts';
import type { HostKeyPolicy, HostKeyStore, Logger, Prompts } from '../connection.ts';
import { quote } from '../shell.ts';
import type { Deadline } from './deadline.ts';
import { fingerprintOf, judgeHostKey, keyTypeOf, orderAlgorithms } from './host-key.ts';
import type { HostKeyVerdict } from './host-key.ts';
import { knownHostName, namesHost, parseKnownHosts } from './known-hosts.ts';
import type { KnownHost } from './known-hosts.ts';
import { revocation } from './revoked-keys.ts';
import type { SshSettings } from './config.ts';

/** For stores that are no file. */
const OWN_STORE = 'the keys accepted in Kernel Packet Trace';

export interface HostKeyCheckRequest {
  settings: SshSettings;
  prompts: Prompts;
  hostKeys: HostKeyStore;
  /** What the user said about unknown hosts; undefined: the configuration decides. */
  hostKeyCheck: HostKeyPolicy | undefined;
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
    const { settings, hostKeys, log } = request;
    const unreadable = (file: string) => (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') log.warn(`Cannot read ${file}: ${error.message}`);
      return '';
    };
    const own = hostKeys.file ?? OWN_STORE;
    const entries = parseKnownHosts(await hostKeys.read().catch(unreadable(own)), own);
    entries.push(...(await knownHostsOf(settings, unreadable)));
    const check = new HostKeyCheck(request, hostNames(settings), entries);
    if (check.algorithms.length > 0) return check;
    throw new PacketTraceError(
      'usage',
      `HostKeyAlgorithms in your SSH configuration allows none that the built-in client can check: ${settings.hostKeyAlgorithms?.join(', ')}.`,
      'Allow ssh-ed25519, ecdsa-sha2-nistp256 or rsa-sha2-512 too, or set packetTrace.ssh.client to "system" (--ssh system).',
    );
  }

  /** For ssh2's `algorithms.serverHostKey`. */
  get algorithms(): string[] {
    return orderAlgorithms(this.names, this.entries, this.request.settings.hostKeyAlgorithms);
  }

  /** @param fromThisMachine who shows it is no other machine */
  async accepts(blob: Buffer, fromThisMachine = false): Promise<boolean> {
    if (this.#accepted.has(key(blob))) return true;
    const verdict = judgeHostKey(this.names, blob, this.entries);
    try {
      await this.#checkRevocation(blob);
      const isTrusted = verdict.kind !== 'revoked' && fromThisMachine && this.#trustsThisMachine;
      if (verdict.kind !== 'known' && !isTrusted) await this.#settle(verdict, blob);
      this.#accepted.add(key(blob));
      return true;
    } catch (error) {
      this.refusal = error instanceof PacketTraceError ? error : this.#notTrusted(blob, String(error));
      return false;
    }
  }

  /** As in ssh, a HostKeyAlias says that it is another machine, one behind a forwarded port. */
  get #trustsThisMachine(): boolean {
    const { trustsThisMachine, hostKeyAlias } = this.request.settings;
    return trustsThisMachine && hostKeyAlias === undefined;
  }

  async #settle(verdict: Exclude<HostKeyVerdict, { kind: 'known' }>, blob: Buffer): Promise<void> {
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
        `Somebody may be listening in, or the host was installed anew. If the change is right, ${this.#howToForget(host, verdict.known)}.`,
      );
    }
    await this.#askAbout(host, blob, verdict.authority);
    // As a line of known_hosts such a name would be a pattern, a list or a comment: about other hosts too.
    if (/[\s,*?!#|@]/.test(host)) {
      this.request.log.warn(`The key of ${host} is not remembered: no file can hold that name.`);
      return;
    }
    try {
      await this.request.hostKeys.append(`${host} ${keyTypeOf(blob)} ${key(blob)}`);
    } catch (error) {
      // As ssh: the user trusts the host, and will be asked again.
      this.request.log.warn(`The key of ${host} could not be remembered: ${(error as Error).message}`);
    }
  }

  /** @throws PacketTraceError `host-key-unknown` unless the key is trusted */
  async #askAbout(host: string, blob: Buffer, authority: KnownHost | undefined): Promise<void> {
    const { prompts, deadline, hostKeyCheck, settings, log } = this.request;
    const question = { host, keyType: keyTypeOf(blob), fingerprint: fingerprintOf(blob) };
    const byConfiguration = hostKeyCheck === undefined ? settings.strictHostKeyChecking : 'ask';
    if (byConfiguration === 'accept-new') {
      log.warn(
        `The ${question.keyType} key of ${host} is new and was accepted, as StrictHostKeyChecking in your SSH configuration says: ${question.fingerprint}`,
      );
      return;
    }
    if (byConfiguration === 'yes' || (settings.batchMode && hostKeyCheck === undefined))
      throw this.#notTrusted(
        blob,
        ' StrictHostKeyChecking or BatchMode in your SSH configuration forbids to ask.',
      );
    if (await deadline.whilePaused(() => prompts.confirmHostKey(question))) return;
    throw this.#notTrusted(
      blob,
      authority === undefined
        ? ''
        : ` ${authority.origin} trusts it by a certificate authority, which only the system's ssh can check.`,
    );
  }

  async #checkRevocation(blob: Buffer): Promise<void> {
    const { revokedKeysFile } = this.request.settings;
    if (revokedKeysFile === undefined) return;
    const why = await revocation(revokedKeysFile, blob);
    if (why === undefined) return;
    throw new PacketTraceError(
      'host-key-changed',
      `${this.names[0] ?? ''} showed the ${keyTypeOf(blob)} key ${fingerprintOf(blob)}, and ${why}. Nothing was sent to it.`,
      'Ask the administrator of the host for its present key, or correct RevokedHostKeys in your SSH configuration.',
    );
  }

  /** The way to take out the keys that stand in the way, file by file. */
  #howToForget(host: string, known: readonly KnownHost[]): string {
    const { hostKeys } = this.request;
    const own = hostKeys.file ?? OWN_STORE;
    const ways = [...new Set(known.map((entry) => entry.file))].map((file) => {
      if (file === own && hostKeys.howToForget !== undefined) return hostKeys.howToForget(host);
      const byHand = known.filter((entry) => entry.file === file && !namesHost(entry, host));
      if (byHand.length > 0) return `correct ${byHand.map((entry) => entry.origin).join(', ')} by hand`;
      return `remove the old key: ssh-keygen -f ${quote(file)} -R ${quote(host)}`;
    });
    return ways.join(', and ');
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

/** The lines of all known_hosts files of the configuration. @param unreadable what to do about one, by its name */
export async function knownHostsOf(
  settings: SshSettings,
  unreadable: (file: string) => (error: NodeJS.ErrnoException) => string,
): Promise<KnownHost[]> {
  const entries: KnownHost[] = [];
  for (const file of settings.knownHostsFiles)
    entries.push(...parseKnownHosts(await readFile(file, 'utf8').catch(unreadable(file)), file));
  return entries;
}

function key(blob: Buffer): string {
  return blob.toString('base64');
}

/** HostKeyAlias goes without a port; otherwise ssh looks under the port and, failing that, without it. */
export function hostNames(settings: SshSettings): string[] {
  if (settings.hostKeyAlias !== undefined) return [settings.hostKeyAlias];
  return [...new Set([knownHostName(settings.hostName, settings.port), settings.hostName])];
}
