/** All keys that there are for one login, in the order in which they are offered. */
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import { PacketTraceError } from '../../base/errors.ts';
import type { Logger, Prompts } from '../connection.ts';
import { listAgentKeys } from './agent-keys.ts';
import type { AgentKey } from './agent-keys.ts';
import type { SshSettings } from './config.ts';
import type { Deadline } from './deadline.ts';
import { certificateBeside, decryptKey, NEEDS_SYSTEM, readKeyFile } from './key-file.ts';
import type { KeyFile } from './key-file.ts';
import { sameKey } from './single-key-agent.ts';
import type { Identity } from './single-key-agent.ts';

export interface AuthenticationRequest {
  settings: SshSettings;
  /** `user@host`, for prompts and errors. */
  who: string;
  /** A key file that goes before all others and whose faults are errors. */
  identity: string | undefined;
  /** Prompts that hold the connection's time limit while they are open. */
  prompts: Pick<Prompts, 'secret'>;
  /** Keys by their path that a hop before this one had unlocked. */
  unlocked: Map<string, ParsedKey>;
  /** For each step of the login. */
  deadline: Deadline;
  log: Logger;
}

const PASSPHRASE_TRIES = 3;
/** An agent may ask the user to unlock it before it lists its keys. */
const AGENT_LIMIT_MS = 120_000;
/** What ssh2 can sign with and servers still take. */
const USABLE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/;

export class Identities {
  /** Keys that were left out and why, in words. */
  readonly notes: string[] = [];
  #fault: PacketTraceError | undefined;

  constructor(private readonly request: AuthenticationRequest) {}

  /** A key file that the user named and that cannot be used. */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /**
   * As ssh(1): the key that the user named, then keys of the configuration that the agent holds, the agent's others,
   * and key files. So the right key comes before the server's patience (MaxAuthTries) ends.
   * @throws PacketTraceError `identity-file` about the key file that the user named
   */
  async load(): Promise<Identity[]> {
    const { settings, identity } = this.request;
    const agentKeys = await this.#agentKeys();
    const named = identity === undefined ? undefined : await this.#fromFile(identity, agentKeys, true);
    const configured: Identity[] = [];
    for (const path of settings.identityFiles) {
      if (path === identity) continue;
      const found = await this.#fromFile(path, agentKeys, false);
      if (found !== undefined) configured.push(found);
    }
    for (const path of settings.certificateFiles) this.#noteCertificate(path);
    const inAgent = (key: Identity) => agentKeys.some((held) => sameKey(held.publicKey, key.publicKey));
    const ordered = [
      ...(named === undefined ? [] : [named]),
      ...configured.filter(inAgent),
      ...(settings.identitiesOnly ? [] : agentKeys),
      ...configured,
    ];
    return ordered.filter(
      (key, index) => ordered.findIndex((other) => sameKey(key.publicKey, other.publicKey)) === index,
    );
  }

  async #agentKeys(): Promise<Identity[]> {
    const { settings, log, deadline } = this.request;
    const socket = settings.agentSocket;
    if (socket === undefined) return [];
    let keys: AgentKey[];
    try {
      keys = await deadline.whilePaused(() => listAgentKeys(socket, AbortSignal.timeout(AGENT_LIMIT_MS)));
    } catch (error) {
      log.warn(`SSH agent ${socket}: ${(error as Error).message}`);
      return [];
    }
    const agent = ssh2.createAgent(socket);
    return keys.flatMap(({ type, blob, comment }): Identity[] => {
      const name = `${comment === '' ? type : comment} (SSH agent)`;
      const publicKey = ssh2.utils.parseKey(`${type} ${blob.toString('base64')}`);
      if (!USABLE.test(type) || publicKey instanceof Error) {
        this.notes.push(`${name} is ${unusableKind(type)}`);
        return [];
      }
      const sign = (data: Buffer, hash: string | undefined) =>
        new Promise<Buffer>((resolve, reject) => {
          const options = hash === undefined ? {} : { hash: hash as 'sha256' };
          agent.sign(publicKey, data, options, (error, signature) => {
            if (signature === undefined) reject(error ?? new Error('the SSH agent gave no signature'));
            else resolve(signature);
          });
        });
      // The agent may ask for a touch, a confirmation, or to be unlocked.
      return [{ name, publicKey, sign: (data, hash) => deadline.whilePaused(() => sign(data, hash)) }];
    });
  }

  async #fromFile(path: string, agentKeys: Identity[], named: boolean): Promise<Identity | undefined> {
    const file = await readKeyFile(path);
    const certificate = await certificateBeside(path);
    if (certificate !== undefined) this.#noteCertificate(certificate);
    switch (file.kind) {
      case 'key':
        return {
          name: path,
          publicKey: file.key,
          sign: (data, hash) => Promise.resolve(file.key.sign(data, hash)),
        };
      case 'public': {
        const held = agentKeys.find((key) => sameKey(key.publicKey, file.key));
        if (held !== undefined) return held;
        const why = 'is a public key, and no SSH agent holds the private key that belongs to it';
        if (named) throw identityFileError({ path: file.path, why });
        this.notes.push(`${file.path} ${why}`);
        return undefined;
      }
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
    const held = agentKeys.find((key) => sameKey(key.publicKey, publicKey));
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
    const { unlocked, settings, prompts } = this.request;
    const before = unlocked.get(path);
    if (before !== undefined) return before;
    let why = 'is encrypted and no passphrase was given';
    for (let attempt = 0; attempt < PASSPHRASE_TRIES && !settings.batchMode; attempt++) {
      const again = attempt === 0 ? '' : 'Wrong passphrase. ';
      const prompt = `${again}Passphrase for the key ${path}`;
      const passphrase = await prompts.secret({ kind: 'passphrase', prompt });
      if (passphrase === undefined) break;
      const key = decryptKey(file.content, passphrase);
      if (key !== undefined) {
        unlocked.set(path, key);
        return key;
      }
      why = 'is encrypted and the passphrase was wrong';
    }
    if (named) this.#fault = identityFileError({ path, why });
    this.notes.push(`${path} ${why}`);
    return undefined;
  }

  #noteCertificate(path: string): void {
    const note = `${path} is an OpenSSH certificate, ${NEEDS_SYSTEM}`;
    if (!this.notes.includes(note)) this.notes.push(note);
  }
}

function unusableKind(type: string): string {
  if (/-cert-v\d+@openssh\.com$/.test(type)) return `an OpenSSH certificate, ${NEEDS_SYSTEM}`;
  if (type.startsWith('sk-')) return `a FIDO security key, ${NEEDS_SYSTEM}`;
  return `a key of the type ${type}, which is not supported`;
}

/** @param file `why` continues the sentence "PATH …" */
export function identityFileError(file: { path: string; why: string }): PacketTraceError {
  return new PacketTraceError(
    'identity-file',
    `The identity file ${file.path} ${file.why}.`,
    'Name a private key that you can read, or load the key into your SSH agent with ssh-add.',
  );
}
