import ssh2 from 'ssh2';
import type { BaseAgent, IdentityCallback, ParsedKey, SignCallback } from 'ssh2';
import { PacketTraceError } from '../../base/errors.ts';
import type { Logger, Prompts } from '../connection.ts';
import type { SshSettings } from './config.ts';
import { decryptKey, readKeyFile } from './key-file.ts';
import type { KeyFile } from './key-file.ts';

export interface AuthenticationRequest {
  settings: SshSettings;
  /** `user@host`, for prompts and errors. */
  who: string;
  /** A key file that goes before all others and whose faults are errors. */
  identity: string | undefined;
  /** Prompts that hold the connection's time limit while they are open. */
  prompts: Pick<Prompts, 'secret'>;
  log: Logger;
}

const PASSPHRASE_TRIES = 3;

interface Identity {
  name: string;
  publicKey: ParsedKey;
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

/**
 * All keys there are for one login, as one SSH agent for ssh2. ssh2 asks an agent to sign only what the
 * server already agreed to, so a passphrase is asked for only when its key would let us in.
 */
export class Identities {
  /** Names of the keys, in the order in which they are offered. */
  offered: string[] = [];
  /** Keys that were left out and why, in words. */
  readonly notes: string[] = [];
  #fault: PacketTraceError | undefined;

  constructor(private readonly request: AuthenticationRequest) {}

  /** A key file that the user named and that cannot be used. */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** @throws PacketTraceError `identity-file` about the key file that the user named */
  async load(): Promise<BaseAgent> {
    const { settings, identity } = this.request;
    const agentKeys = await this.#agentKeys();
    const named = identity === undefined ? undefined : await this.#fromFile(identity, agentKeys, true);
    const configured: Identity[] = [];
    for (const path of settings.identityFiles) {
      if (path === identity) continue;
      const found = await this.#fromFile(path, agentKeys, false);
      if (found !== undefined) configured.push(found);
    }
    for (const path of settings.certificateFiles)
      this.notes.push(`${path} (OpenSSH certificates are not supported)`);
    const same = (a: Identity, b: Identity) => a.publicKey.equals(b.publicKey);
    const fromAgent = settings.identitiesOnly
      ? agentKeys.filter((key) => configured.some((other) => same(key, other)))
      : agentKeys;
    const ordered = [...(named === undefined ? [] : [named]), ...fromAgent, ...configured];
    const unique = ordered.filter((key, index) => ordered.findIndex((other) => same(key, other)) === index);
    this.offered = unique.map((key) => key.name);
    return new IdentityAgent(unique);
  }

  async #agentKeys(): Promise<Identity[]> {
    const { settings, log } = this.request;
    if (settings.agentSocket === undefined) return [];
    const agent = ssh2.createAgent(settings.agentSocket);
    const keys = await new Promise<ParsedKey[]>((resolve) => {
      agent.getIdentities((error, found) => {
        if (error) log.debug(`SSH agent ${settings.agentSocket}: ${error.message}`);
        resolve((found ?? []) as ParsedKey[]);
      });
    });
    return keys.map((publicKey) => ({
      name: `${publicKey.comment || publicKey.type} (SSH agent)`,
      publicKey,
      sign: (data, hash) =>
        new Promise((resolve, reject) => {
          agent.sign(
            publicKey,
            data,
            hash === undefined ? {} : { hash: hash as 'sha256' },
            (error, signature) => {
              if (signature === undefined) reject(error ?? new Error('the SSH agent gave no signature'));
              else resolve(signature);
            },
          );
        }),
    }));
  }

  async #fromFile(path: string, agentKeys: Identity[], named: boolean): Promise<Identity | undefined> {
    const file = await readKeyFile(path);
    switch (file.kind) {
      case 'key':
        return {
          name: path,
          publicKey: file.key,
          sign: (data, hash) => Promise.resolve(file.key.sign(data, hash)),
        };
      case 'unusable':
        if (named) throw identityFileError(file);
        if (!file.missing) this.notes.push(`${path} ${file.why}`);
        return undefined;
      case 'encrypted':
        return this.#encrypted(file, agentKeys, named);
    }
  }

  async #encrypted(
    file: KeyFile & { kind: 'encrypted' },
    agentKeys: Identity[],
    named: boolean,
  ): Promise<Identity | undefined> {
    const { path, publicKey } = file;
    if (publicKey === undefined) {
      // Old PEM without its .pub file: what to offer is only known once it is decrypted.
      const key = await this.#unlock(file, named);
      return key === undefined
        ? undefined
        : { name: path, publicKey: key, sign: (data, hash) => Promise.resolve(key.sign(data, hash)) };
    }
    const held = agentKeys.find((key) => key.publicKey.equals(publicKey));
    if (held !== undefined) return held;
    const sign = async (data: Buffer, hash: string | undefined) => {
      const key = await this.#unlock(file, named);
      if (key === undefined) throw new Error(`${path} needs a passphrase`);
      return key.sign(data, hash);
    };
    return { name: path, publicKey, sign };
  }

  async #unlock(file: KeyFile & { kind: 'encrypted' }, named: boolean): Promise<ParsedKey | undefined> {
    const { path } = file;
    let why = 'is encrypted and no passphrase was given';
    for (let attempt = 0; attempt < PASSPHRASE_TRIES; attempt++) {
      const again = attempt === 0 ? '' : 'Wrong passphrase. ';
      const prompt = `${again}Passphrase for the key ${path}`;
      const passphrase = await this.request.prompts.secret({ kind: 'passphrase', prompt });
      if (passphrase === undefined) break;
      const key = decryptKey(file.content, passphrase);
      if (key !== undefined) return key;
      why = 'is encrypted and the passphrase was wrong';
    }
    if (named) this.#fault = identityFileError({ path, why });
    this.notes.push(`${path} ${why}`);
    return undefined;
  }
}

/** @param file `why` continues the sentence "PATH …" */
export function identityFileError(file: { path: string; why: string }): PacketTraceError {
  return new PacketTraceError(
    'identity-file',
    `The identity file ${file.path} ${file.why}.`,
    'Name a private key that you can read, or load the key into your SSH agent with ssh-add.',
  );
}

class IdentityAgent extends ssh2.BaseAgent<ParsedKey> {
  constructor(private readonly identities: readonly Identity[]) {
    super();
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(
      null,
      this.identities.map((identity) => identity.publicKey),
    );
  }

  override sign(
    publicKey: string | Buffer | ParsedKey,
    data: Buffer,
    options?: { hash?: string } | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'object' ? options.hash : undefined;
    const wanted = ssh2.utils.parseKey(publicKey);
    const identity = this.identities.find(
      ({ publicKey: own }) => !(wanted instanceof Error) && own.equals(wanted),
    );
    const signed = identity?.sign(data, hash) ?? Promise.reject(new Error('no such key'));
    signed.then(
      (signature) => done?.(null, signature),
      (error: unknown) => done?.(error instanceof Error ? error : new Error(String(error))),
    );
  }
}
