/** What the scripts for bash and zsh have in common: patterns and branches of `case`, lines of their functions. */
import { COMMAND_NAMES } from '../options.ts';
import {
  type Completed,
  FIRST_WORDS,
  OPERANDS,
  OPTION_WORDS,
  optionWordsOf,
  SECOND_WORDS,
  takesNextWord,
  type Word,
} from './words.ts';

/** How a shell is told. */
export interface Telling {
  words: (kind: 'command' | 'option' | 'value', words: readonly Word[]) => string;
  /** Of what this machine has. */
  names: Readonly<Record<Exclude<Completed, readonly Word[] | 'nothing'>, string>>;
}

export interface Cases {
  /** Pattern of the options whose value may be the next word. */
  valued: string;
  /** Branches by option: its values. */
  values: string;
  /** Branches by command: its options. */
  options: string;
  /** What is offered where a command begins. */
  general: string;
  firstWords: string;
  /** Branches by first word: second words. */
  secondWords: string;
  /** Pattern of commands of two words. */
  pairs: string;
  /** Branches by command: what stands behind it. */
  operands: string;
}

export function casesFor({ words, names }: Telling): Cases {
  const completed = (what: Exclude<Completed, 'nothing'>) =>
    typeof what === 'string' ? names[what] : words('value', what);
  const options = (command: Parameters<typeof optionWordsOf>[0]) =>
    words(
      'option',
      optionWordsOf(command).map(({ offered }) => offered),
    );
  const byValue = new Map<string, string[]>();
  for (const { forms, value } of OPTION_WORDS) {
    if (value === 'nothing') continue;
    const told = completed(value);
    byValue.set(told, [...(byValue.get(told) ?? []), ...forms]);
  }
  return {
    valued: OPTION_WORDS.filter(takesNextWord)
      .flatMap(({ forms }) => forms)
      .join(' | '),
    values: [...byValue].map(([told, forms]) => branch(forms.join(' | '), told)).join('\n'),
    options: COMMAND_NAMES.map((name) => branch(`'${name}'`, options(name))).join('\n'),
    general: options(undefined),
    firstWords: words('command', FIRST_WORDS),
    secondWords: SECOND_WORDS.map(([first, seconds]) => branch(first, words('command', seconds))).join('\n'),
    pairs: COMMAND_NAMES.filter((name) => name.includes(' '))
      .map((name) => `'${name}'`)
      .join(' | '),
    operands: Object.entries(OPERANDS)
      .flatMap(([name, what]) => (what === 'nothing' ? [] : [branch(`'${name}'`, completed(what))]))
      .join('\n'),
  };
}

function branch(pattern: string, told: string): string {
  return `      ${pattern}) ${told} ;;`;
}
