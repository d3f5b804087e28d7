/**
 * Proving who we are, in ssh(1)'s order and with as few tries as ssh(1): a server counts every one (MaxAuthTries).
 * Everything here runs after the host key was verified: ssh2 starts authentication only then.
 */
import type { AnyAuthMethod, AuthHandlerMiddleware, KeyboardInteractiveAuthMethod } from 'ssh2';
import { PacketTraceError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { AuthMethod } from './config.ts';
import { type AuthenticationRequest, Identities } from './identities.ts';
import { NEEDS_SYSTEM } from './key-file.ts';
import { type Identity, SingleKeyAgent } from './single-key-agent.ts';

/** Of what a server says in farewell. */
const SAID_LIMIT = 300;

export class Authentication {
  /** What the login is waiting for, for the message when that takes too long. */
  waitingFor = "the host's first answer";
  readonly #identities: Identities;
  /** Left to be offered; undefined: not looked for yet. */
  #keys: Identity[] | undefined;
  /** What the server says it accepts; undefined before its first answer. */
  #allowed: readonly string[] | undefined;
  readonly #exhausted = new Set<AuthMethod>();
  readonly #questions = new Map<AuthMethod, number>();
  /** Whether the host asked anything in the last try of keyboard-interactive. */
  #wasAsked = false;
  #declined = false;
  #fault: PacketTraceError | undefined;
  readonly #tried: string[] = [];

  constructor(private readonly request: AuthenticationRequest) {
    this.#identities = new Identities(request);
  }

  /** For ssh2's `authHandler`. */
  handler(): AuthHandlerMiddleware {
    const attempts = this.#attempts();
    return (_allowed, partial, next) => {
      this.request.deadline.restart();
      // A second factor after a right password must not use up the questions.
      if (partial) this.#startOver();
      attempts.next().then(
        (attempt) => next(attempt.done === true ? (false as never) : attempt.value),
        (error: unknown) => {
          this.#fault ??= asFault(error);
          next(false as never);
        },
      );
      return undefined;
    };
  }

  /**
   * For ssh2's `debug`: it does not pass on what a server answers to an agent's keys, except here. Asking once more
   * with the method "none" would count as a failure.
   */
  hear(line: string): void {
    const methods = /^Inbound: Received USERAUTH_FAILURE \((.*)\)$/.exec(line)?.[1];
    if (methods !== undefined) this.#allowed = methods.split(',');
  }

  /** Why it failed, once it has. @param said the server's last words, if it had any */
  failure(said: string | undefined, detail = ''): PacketTraceError {
    if (this.#fault !== undefined) return this.#fault;
    const { who, settings } = this.request;
    const { notes } = this.#identities;
    const tried = this.#tried.length > 0 ? this.#tried.join(', ') : 'nothing, there was no usable key';
    const parts = [
      this.#declined ? `Logging in as ${who} needs an answer that was not given.` : `${who} was not let in.`,
      `Tried: ${tried}.`,
      said === undefined ? detail : `The host said: "${printable(said).slice(0, SAID_LIMIT)}".`,
      this.#allowed === undefined ? '' : `The host accepts: ${this.#allowed.join(', ')}.`,
      ...notes.map((note) => `Not used: ${note}.`),
      settings.batchMode ? 'Nothing was asked: BatchMode is on in your SSH configuration.' : '',
    ];
    return new PacketTraceError(
      'authentication',
      parts.filter((part) => part !== '').join(' '),
      this.#remedy(said ?? ''),
    );
  }

  #remedy(said: string): string {
    const { who } = this.request;
    if (/too many authentication failures/i.test(said))
      return 'The host allows few tries (MaxAuthTries in its sshd_config). Name the right key with IdentityFile in your SSH configuration or as identity, and keep the others back with "IdentitiesOnly yes".';
    const system = this.#identities.notes.some((note) => note.includes(NEEDS_SYSTEM))
      ? ' To let the ssh program connect, set packetTrace.ssh.client to "system", or give --ssh system.'
      : '';
    return `Check that \`ssh ${who}\` works, that the right key is in your SSH agent or given as identity, and the user name.${system}`;
  }

  async *#attempts(): AsyncGenerator<AnyAuthMethod, void, void> {
    const username = this.request.settings.user;
    // "none" asks the server what it accepts; a few hosts let one in with it. Only the first one is free.
    yield { type: 'none', username };
    for (let method = this.#next(); method !== undefined; method = this.#next()) {
      switch (method) {
        case 'publickey': {
          this.#keys ??= await this.#identities.load();
          const key = this.#keys.shift();
          if (key === undefined) {
            this.#exhausted.add(method);
            break;
          }
          this.#tried.push(key.name);
          this.waitingFor = `the host's answer to the key ${key.name}`;
          yield { type: 'agent', username, agent: new SingleKeyAgent(key) };
          this.#identities.throwFault();
          break;
        }
        case 'keyboard-interactive':
          this.#count(method);
          this.waitingFor = "the host's questions";
          this.#wasAsked = false;
          yield this.#interactive(username);
          // As ssh: a host that offers this method and asks nothing has no use for it.
          if (!this.#wasAsked) this.#exhausted.add(method);
          break;
        case 'password': {
          const password = await this.#ask('password', `Password for ${this.request.who}`);
          if (password === undefined) return;
          this.#count(method);
          this.waitingFor = "the host's answer to the password";
          yield { type: 'password', username, password };
        }
      }
    }
  }

  /** The first method of the user's order that the server takes and that is not used up. */
  #next(): AuthMethod | undefined {
    if (this.#declined) return undefined;
    const { authMethods, batchMode } = this.request.settings;
    return authMethods.find((method) => {
      if (this.#exhausted.has(method) || this.#allowed?.includes(method) === false) return false;
      return method === 'publickey' || (!batchMode && this.#mayAsk(method));
    });
  }

  /** As ssh, which asks so often by each method. */
  #mayAsk(method: AuthMethod): boolean {
    return (this.#questions.get(method) ?? 0) < this.request.settings.passwordPrompts;
  }

  #count(method: AuthMethod): void {
    this.#tried.push(method);
    this.#questions.set(method, (this.#questions.get(method) ?? 0) + 1);
  }

  #startOver(): void {
    this.#questions.clear();
    this.#exhausted.clear();
  }

  #interactive(username: string): KeyboardInteractiveAuthMethod {
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (name, instructions, _language, prompts, finish) => {
        this.#wasAsked = true;
        const answerAll = async () => {
          const answers: string[] = [];
          for (const { prompt, echo } of prompts) {
            const text = [name, instructions, prompt].filter((part) => part.trim() !== '').join('\n');
            const kind = echo !== true && /passw/i.test(prompt) ? 'password' : 'challenge';
            const answer = await this.#ask(kind, `${this.request.who}: ${text.trim()}`, echo);
            if (answer === undefined) break;
            answers.push(answer);
          }
          this.waitingFor = "the host's answer to what was entered";
          this.request.deadline.restart();
          return answers;
        };
        void answerAll().then(finish, (error: unknown) => {
          this.#fault ??= asFault(error);
          this.#declined = true;
          finish([]);
        });
      },
    };
  }

  async #ask(kind: 'password' | 'challenge', prompt: string, echo = false): Promise<string | undefined> {
    const answer = await this.request.prompts.secret({ kind, prompt, echo });
    if (answer === undefined) this.#declined = true;
    return answer;
  }
}

function asFault(error: unknown): PacketTraceError {
  if (error instanceof PacketTraceError) return error;
  return new PacketTraceError('authentication', String(error), '', { cause: error });
}
