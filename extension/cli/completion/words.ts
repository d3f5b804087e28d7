/** What shells complete at which place, from the tables of commands and options; the scripts beside are made of it. */
import { brief } from '../../tracing/options/describe.ts';
import type { Option } from '../../tracing/options/option.ts';
import { COMMAND_TEXTS } from '../help/command-texts.ts';
import {
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  commandsOf,
  GENERAL_OPTIONS,
  type NamedOption,
  namedOptions,
  optionsOf,
  SHELLS,
} from '../options.ts';

/** What can be typed, and what it means in a few words. */
export interface Word {
  text: string;
  meaning: string;
}

/** Words; what this machine has: paths, folders, targets (hosts of the SSH configuration, or local), hosts; or nothing. */
export type Completed = readonly Word[] | 'path' | 'folder' | 'target' | 'host' | 'nothing';

/** What stands behind a command's name. Without: words of the user's. */
export const OPERANDS: Readonly<Partial<Record<CommandName, Completed>>> = {
  trace: 'target',
  show: 'path',
  check: 'target',
  functions: 'target',
  clean: 'target',
  'forget-host': 'host',
  'source index': 'folder',
  completion: SHELLS.map((shell) => ({ text: shell, meaning: `the script for ${shell}` })),
};

/** First words of command lines. */
export const FIRST_WORDS: readonly Word[] = [
  ...new Set(COMMAND_NAMES.map((name) => name.split(' ')[0] ?? '')),
].map((text) => {
  const names = commandsOf(text);
  const own = names.find((name) => name === text);
  return {
    text,
    meaning: own === undefined ? names.map(secondWord).join(', ') : COMMAND_TEXTS[own].summary,
  };
});

/** Second words of commands that have two, by the first. */
export const SECOND_WORDS: readonly (readonly [first: string, words: readonly Word[]])[] = FIRST_WORDS.map(
  ({ text }) =>
    [
      text,
      commandsOf(text)
        .filter((name) => name !== text)
        .map((name) => ({ text: secondWord(name), meaning: COMMAND_TEXTS[name].summary })),
    ] as const,
).filter(([, words]) => words.length > 0);

function secondWord(name: CommandName): string {
  return name.split(' ')[1] ?? '';
}

/** An option of the command line, and what its value is completed with. */
export interface OptionWord {
  option: NamedOption;
  /** All forms in which it is written: `--identity`, `-i`. */
  forms: readonly string[];
  /** As it is offered: a switch that is on is there to be turned off. */
  offered: Word;
  value: Completed;
}

/** Every option, each once. */
export const OPTION_WORDS: readonly OptionWord[] = [
  ...optionsOf(COMMAND_NAMES),
  ...namedOptions(GENERAL_OPTIONS),
].map(optionWord);

/** Those of a command; undefined: before there is one. */
export function optionWordsOf(command: CommandName | undefined): OptionWord[] {
  const table =
    command === undefined ? GENERAL_OPTIONS : { ...COMMANDS[command], help: GENERAL_OPTIONS.help };
  return namedOptions(table).map(optionWord);
}

function optionWord(option: NamedOption): OptionWord {
  const { name, short, aliases = [] } = option;
  const isOn = option.type === 'toggle' && option.default === true;
  return {
    option,
    forms: [
      `--${name}`,
      ...(short === undefined ? [] : [`-${short}`]),
      ...aliases.map((alias) => `--${alias}`),
    ],
    offered: isOn
      ? { text: `--${name}=false`, meaning: `do not ${brief(option.help)}` }
      : { text: `--${name}`, meaning: brief(option.help) },
    value: valueOf(option),
  };
}

function valueOf(option: Option): Completed {
  switch (option.type) {
    case 'toggle':
      return [
        { text: 'true', meaning: 'on' },
        { text: 'false', meaning: 'off' },
      ];
    case 'choice':
      return Object.entries(option.choices).map(([text, meaning]) => ({ text, meaning: brief(meaning) }));
    case 'text':
      return option.names ?? 'nothing';
    default:
      return 'nothing';
  }
}

/** Whether the value may be the word behind the option. */
export function takesNextWord({ option }: OptionWord): boolean {
  return option.type !== 'toggle';
}
