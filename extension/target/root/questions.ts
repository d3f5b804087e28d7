/**
 * What sudo asks, read from what it writes. The words differ between implementations, languages and PAM modules;
 * what is the same everywhere is that a question is a line without an end, after which nothing comes.
 */
import { printableLines } from '../../base/printable.ts';

/** How sudo is told to ask (SUDO_PROMPT); `%p` becomes the user whose password it wants. */
export class PromptMark {
  constructor(private readonly id: string) {}

  /** For SUDO_PROMPT: unlike `-p` it leaves the questions of a second factor as they are. */
  get prompt(): string {
    return `kpt-${this.id} %p:`;
  }

  /** @returns whose password is asked for; `''` where sudo does not say; undefined without the mark */
  find(text: string): string | undefined {
    const whose = this.#pattern().exec(text)?.[1];
    return whose === '%p' ? '' : whose;
  }

  strip(text: string): string {
    return text.replaceAll(this.#pattern(), '');
  }

  #pattern(): RegExp {
    return new RegExp(`kpt-${this.id} (\\S*?):`, 'g');
  }
}

export interface Question {
  /** The same for the same question, so that one that comes again is known. */
  key: string;
  /** For a password, not for a code or an answer of another kind. */
  password: boolean;
  /** Whose password, if sudo said so. */
  whose: string | undefined;
  /** sudo's own words, the lines before the question included; empty where they are only our mark. */
  words: string;
  /** Something was said between the answer before and this question. */
  afterWords: boolean;
}

/** More of a question is not shown. */
const WORDS_LIMIT = 600;
/** Questions for what is no password, though the word may be in them. */
const CODE = /one[- ]?time|\botp\b|verification|passcode|token|second factor|2fa|yubikey/i;

/**
 * Reads what came since the last answer.
 * @returns undefined while the last line has an end, or nothing in it: that is no question
 */
export function readQuestion(said: string, mark: PromptMark): Question | undefined {
  const lines = said.split('\n');
  const last = lines.pop() ?? '';
  if (last.trim() === '') return undefined;
  const whose = mark.find(last);
  // sudo-rs puts its own frame around the prompt: `[sudo: PROMPT] Password: `.
  const asked = mark
    .strip(last)
    .replace(/^\[sudo: *\]/i, '')
    .trim();
  const before = lines.map((line) => mark.strip(line).trim()).filter((line) => line !== '');
  return {
    key: asked,
    password:
      whose === undefined ? /password/i.test(asked) && !CODE.test(asked) : /^(password:?)?$/i.test(asked),
    whose: whose === '' ? undefined : whose,
    words: printableLines([...before, asked].join('\n').slice(-WORDS_LIMIT)).trim(),
    afterWords: before.length > 0,
  };
}
