import ssh2 from 'ssh2';
import type { IdentityCallback, ParsedKey, SignCallback } from 'ssh2';

/** A key that can be offered. */
export interface Identity {
  /** Where it comes from, for messages. */
  name: string;
  publicKey: ParsedKey;
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

/**
 * One key as an SSH agent for ssh2. ssh2 asks an agent to sign only what the server already agreed to, so a
 * passphrase is asked for only when its key would let us in; and one key a time lets us hear what the server answers
 * to each.
 */
export class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  constructor(private readonly identity: Identity) {
    super();
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(null, [this.identity.publicKey]);
  }

  override sign(
    _publicKey: string | Buffer | ParsedKey,
    data: Buffer,
    options?: { hash?: string } | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'object' ? options.hash : undefined;
    this.identity.sign(data, hash).then(
      (signature) => done?.(null, signature),
      (error: unknown) => done?.(error instanceof Error ? error : new Error(String(error))),
    );
  }
}

/** Whether both are halves of one key pair: ssh2's `equals` compares private keys too, which an agent does not show. */
export function sameKey(a: ParsedKey, b: ParsedKey): boolean {
  return a.getPublicSSH().equals(b.getPublicSSH());
}
