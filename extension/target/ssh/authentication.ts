/**
 * Proving who we are, in ssh(1)'s order: keys (the agent's first), keyboard-interactive, password. Everything
 * here runs after the host key was verified: ssh2 starts authentication only then.
 */
import type { AnyAuthMethod, AuthHandlerMiddleware, KeyboardInteractiveAuthMethod } from 'ssh2';
import { PacketTraceError } from '../../base/errors.ts';
import { type AuthenticationRequest, Identities } from './identities.ts';

/** As ssh's NumberOfPasswordPrompts. */
const MAX_QUESTIONS = 3;

export class Authentication {
  readonly #identities: Identities;
  /** What the server says it accepts; undefined before its first answer. */
  #allowed: readonly string[] | undefined;
  #partial = false;
  #questions = 0;
  #declined = false;
  #fault: PacketTraceError | undefined;
  readonly #tried: string[] = [];

  constructor(private readonly request: AuthenticationRequest) {
    this.#identities = new Identities(request);
  }

  /** For ssh2's `authHandler`. */
  handler(): AuthHandlerMiddleware {
    const attempts = this.#attempts();
    return (allowed, partial, next) => {
      // ssh2 gives null before the server's first answer, against its types.
      this.#allowed = allowed ?? this.#allowed;
      this.#partial = partial;
      attempts.next().then(
        (attempt) => next(attempt.done === true ? (false as never) : attempt.value),
        (error: unknown) => {
          this.#fault =
            error instanceof PacketTraceError
              ? error
              : new PacketTraceError('authentication', String(error), '', { cause: error });
          next(false as never);
        },
      );
      return undefined;
    };
  }

  /** Why it failed, once it has. @param detail what the server or ssh2 said */
  failure(detail: string): PacketTraceError {
    if (this.#fault !== undefined) return this.#fault;
    const { who } = this.request;
    const tried = [...this.#identities.offered, ...this.#tried];
    const notes = this.#identities.notes;
    const parts = [
      this.#declined ? `Logging in as ${who} needs an answer that was not given.` : `${who} was not let in.`,
      `Tried: ${tried.length > 0 ? tried.join(', ') : 'nothing, there was no usable key'}.`,
      this.#allowed === undefined ? detail : `The host accepts: ${this.#allowed.join(', ')}.`,
      ...notes.map((note) => `Not used: ${note}.`),
    ];
    return new PacketTraceError(
      'authentication',
      parts.filter((part) => part !== '').join(' '),
      `Check that \`ssh ${who}\` works, that the right key is in your SSH agent or given as identity, and the user name.`,
    );
  }

  async *#attempts(): AsyncGenerator<AnyAuthMethod, void, void> {
    const username = this.request.settings.user;
    // "none" asks the server what it accepts; a few hosts let one in with it.
    yield { type: 'none', username };
    if (this.#accepts('publickey')) {
      yield { type: 'agent', username, agent: await this.#identities.load() };
      this.#identities.throwFault();
      // ssh2 does not pass on what the server answers to keys; "none" asks again (a second factor may be next).
      yield { type: 'none', username };
    }
    while (this.#mayAsk('keyboard-interactive')) yield this.#interactive(username);
    while (this.#mayAsk('password')) {
      this.#questions++;
      const password = await this.#ask('password', `Password for ${this.request.who}`);
      if (password === undefined) return;
      this.#tried.push('password');
      yield { type: 'password', username, password };
    }
  }

  #interactive(username: string): KeyboardInteractiveAuthMethod {
    this.#questions++;
    this.#tried.push('keyboard-interactive');
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (name, instructions, _language, prompts, finish) => {
        const answerAll = async () => {
          const answers: string[] = [];
          for (const { prompt, echo } of prompts) {
            const text = [name, instructions, prompt].filter((part) => part.trim() !== '').join('\n');
            const kind = echo !== true && /passw/i.test(prompt) ? 'password' : 'challenge';
            const answer = await this.#ask(kind, `${this.request.who}: ${text.trim()}`);
            if (answer === undefined) break;
            answers.push(answer);
          }
          return answers;
        };
        void answerAll().then(finish, () => {
          this.#declined = true;
          finish([]);
        });
      },
    };
  }

  #accepts(method: string): boolean {
    return this.#allowed?.includes(method) ?? true;
  }

  #mayAsk(method: string): boolean {
    // A second factor after a right password must not use up the questions.
    if (this.#partial) this.#questions = 0;
    this.#partial = false;
    if (this.#declined || !this.#accepts(method)) return false;
    return this.#questions < MAX_QUESTIONS;
  }

  async #ask(kind: 'password' | 'challenge', prompt: string): Promise<string | undefined> {
    const answer = await this.request.prompts.secret({ kind, prompt });
    if (answer === undefined) this.#declined = true;
    return answer;
  }
}
