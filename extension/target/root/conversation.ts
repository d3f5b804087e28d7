import { printable } from '../../base/printable.ts';
import type { Prompts } from '../connection.ts';
import type { RunningScript } from '../shell.ts';
import type { Attempt } from './refusal.ts';
import { type PromptMark, type Question, readQuestion } from './questions.ts';

/** A question is complete when nothing follows it. One with our mark is known to be one. */
const MARKED_QUIET_MS = 100;
const QUIET_MS = 1000;
/** Nothing written and nothing asked for so long: a push to a telephone is waited for this long. */
const IDLE_LIMIT_MS = 120_000;
const ROUNDS = 3;
/** Of one run of sudo; more is no authentication. */
const QUESTIONS_LIMIT = 20;
const SAID_LIMIT = 8 * 1024;

export interface Asked {
  host: string;
  user: string;
  /** From an earlier run: answers the first question for a password. */
  password: string | undefined;
  prompts: Pick<Prompts, 'secret'>;
}

/**
 * Answers sudo, one question after another: the password, and what PAM asks besides. A question that comes again
 * after words of its own means that the answers were wrong; one that comes again without any is another factor.
 */
export class Conversation {
  /** The password that was given last. */
  password: string | undefined;
  answers: Attempt['answers'] = 'none-asked';
  /** Rejects when asking fails; settles in no other way. */
  readonly failed: Promise<never>;

  #fail: (error: unknown) => void = () => undefined;
  /** Since the last answer. */
  #said = '';
  #answered: string[] = [];
  #questions = 0;
  #rounds = 0;
  #asking = false;
  #over = false;
  #quiet: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly running: RunningScript,
    private readonly mark: PromptMark,
    private readonly asked: Asked,
  ) {
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined); // whoever waits for it is told all the same
    running.process.stderr.on('data', this.#onData);
    this.#waitIdle();
  }

  /** Root was reached, or sudo has ended. */
  end(): void {
    this.#over = true;
    this.running.process.stderr.off('data', this.#onData);
    clearTimeout(this.#quiet);
    clearTimeout(this.#idle);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#said = (this.#said + chunk.toString()).slice(-SAID_LIMIT);
    this.#waitIdle();
    clearTimeout(this.#quiet);
    if (this.#asking) return;
    const marked = this.mark.find(this.#said) !== undefined;
    this.#quiet = setTimeout(() => this.#onQuiet(), marked ? MARKED_QUIET_MS : QUIET_MS);
  };

  #onQuiet(): void {
    const question = readQuestion(this.#said, this.mark);
    if (question === undefined || this.#over) return;
    this.#asking = true;
    clearTimeout(this.#idle);
    this.#answer(question)
      .then((answer) => {
        this.#asking = false;
        if (this.#over) return;
        if (answer === undefined) {
          this.#giveUp();
          return;
        }
        this.#said = '';
        this.#waitIdle();
        this.running.process.stdin.write(`${answer.replace(/[\r\n].*$/s, '')}\n`);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** @returns undefined: there is none, and `answers` says why */
  async #answer(question: Question): Promise<string | undefined> {
    const again = this.#answered.includes(question.key);
    const wrong = again && question.afterWords;
    let introduction = '';
    if (wrong) {
      introduction = this.#answered.length > 1 ? 'sudo did not accept the answers. ' : 'Wrong password. ';
      this.#answered = [];
      this.#rounds++;
    }
    if (this.#rounds >= ROUNDS || ++this.#questions > QUESTIONS_LIMIT) {
      this.answers = 'refused';
      return undefined;
    }
    const factor = again && !wrong;
    this.#answered.push(question.key);
    const answer = await this.#ask(question, introduction, factor);
    this.answers = answer === undefined ? 'declined' : 'given';
    return answer;
  }

  async #ask(question: Question, introduction: string, factor: boolean): Promise<string | undefined> {
    const { host, user, prompts } = this.asked;
    if (!question.password || factor) {
      const words = question.words === '' ? 'one more answer (a second factor?)' : question.words;
      return prompts.secret({
        kind: 'sudo-challenge',
        prompt: `${introduction}sudo on ${host} asks: ${words}`,
      });
    }
    if (this.asked.password !== undefined && this.#questions === 1) return this.asked.password;
    const whose = printable(question.whose ?? user);
    this.password = await prompts.secret({
      kind: 'sudo',
      prompt: `${introduction}Password of ${whose} for sudo on ${host}`,
    });
    return this.password;
  }

  /** sudo ends at the end of its input; one that does not is ended. */
  #giveUp(): void {
    this.running.process.stdin.end();
    this.#idle = setTimeout(() => this.running.process.kill(), 5000);
  }

  #waitIdle(): void {
    clearTimeout(this.#idle);
    if (this.#asking || this.#over) return;
    this.#idle = setTimeout(() => this.running.process.kill(), IDLE_LIMIT_MS);
  }
}
