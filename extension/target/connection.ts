import type { Readable, Writable } from 'node:stream';
import type { TargetFacts } from '../base/target-facts.ts';

/** A running agent: its standard streams and its end. What travels on them is common/protocol.ts. */
export interface AgentConnection {
  readonly input: Writable;
  readonly output: Readable;
  /**
   * Settles once, when the agent or the way to it is gone and `output` was read to its end; never rejects.
   */
  readonly closed: Promise<AgentClosed>;
  /** Ends the agent's standard input and then the channel; probes go with the agent. Safe to call twice. */
  close(): void;
}

export interface AgentClosed {
  /** The agent's exit code; undefined when it was killed or the connection was lost first. */
  exitCode: number | undefined;
  signal: string | undefined;
  /** The connection broke before the agent's end was known. */
  connectionLost: boolean;
  /** The end of what the agent wrote to standard error (a few kilobytes). */
  stderr: string;
}

/** A target that was reached and holds the agent. */
export interface Target {
  /** As the user named it: `user@host:port` or `local`. */
  readonly label: string;
  readonly facts: TargetFacts;
  /** Starts an agent as root. One target can run several at once. */
  startAgent(): Promise<AgentConnection>;
  /** Ends the connection and with it every agent started through it. */
  dispose(): void;
}

/** Questions that reaching a target may need answered; every front end brings its own. */
export interface Prompts {
  /** A host not in any known_hosts: trust it? Answering `true` remembers the key. Never asked for a changed key. */
  confirmHostKey(question: { host: string; keyType: string; fingerprint: string }): Promise<boolean>;
  /** A password, passphrase or one-time code; undefined: the user declined. Asked only after the host is verified. */
  secret(question: {
    /** `sudo` and `sudo-challenge` are asked by a target that was reached, the others on the way there. */
    kind: 'password' | 'passphrase' | 'challenge' | 'sudo' | 'sudo-challenge';
    prompt: string;
    /** What is typed may be seen. */
    echo?: boolean | undefined;
  }): Promise<string | undefined>;
}

/** Where keys that the user accepted are kept: our own store, never the user's known_hosts. */
export interface HostKeyStore {
  /** Where it is, for messages. */
  readonly file?: string;
  /** How the user takes a host's key out of it, as the end of a sentence. */
  howToForget?(host: string): string;
  /** Lines in known_hosts format. */
  read(): Promise<string>;
  append(line: string): Promise<void>;
}

/** What to do about a host whose key is not known, as ssh's StrictHostKeyChecking; `yes` refuses it. */
export type HostKeyPolicy = 'ask' | 'accept-new' | 'yes';

/** `auto`: the built-in client, or the system's where only that one can log in. */
export type SshClientChoice = 'auto' | 'builtin' | 'system';

export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface ConnectOptions {
  /** `[user@]host[:port]` (also `[v6]:port` and ssh_config aliases) or `local`. */
  target: string;
  /** A private key file that goes before those of the SSH configuration. */
  identity?: string | undefined;
  /** An ssh_config file in place of the user's and the system's, as `ssh -F`. */
  sshConfigFile?: string | undefined;
  /** Which SSH client connects; by default the built-in one. */
  sshClient?: SshClientChoice | undefined;
  /** What the user said about unknown hosts here; undefined: the SSH configuration decides. */
  hostKeyCheck?: HostKeyPolicy | undefined;
  /** The folder of built files (dist/): the agent's for every platform, filters' compiler, workers. */
  distDir: string;
  /** The folder on the target for the agent and Node, which root alone may write; by default TARGET_FOLDERS. */
  targetFolder?: string | undefined;
  prompts: Prompts;
  hostKeys: HostKeyStore;
  log: Logger;
  signal?: AbortSignal | undefined;
  /** Stage messages for a progress display, e.g. "Uploading the agent (2 of 9 MB)". */
  onProgress?: ((message: string) => void) | undefined;
}
