/** Arguments as options and words, by the tables of options.ts; what they mean together is command-line.ts's. */
import { parseArgs } from 'node:util';
import { PacketTraceError } from '../base/errors.ts';
import { mostSimilar } from '../../common/similar.ts';
import { defaultOf, type OptionTable, type OptionValues } from '../tracing/options/option.ts';
import { Mismatch, readWords, similarChoice } from '../tracing/options/read-value.ts';
import {
  COMMAND_NAMES,
  commandsOf,
  GENERAL_OPTIONS,
  type HelpTopic,
  namedOptions,
  optionsOf,
} from './options.ts';

/** By the options' names, what followed each of them: undefined for a switch alone. */
export type Given = ReadonlyMap<string, readonly (string | undefined)[]>;

export interface Arguments {
  given: Given;
  positionals: string[];
  /** Whose help text tells more. */
  topic: HelpTopic;
}

const KNOWN = [...optionsOf(COMMAND_NAMES), ...namedOptions(GENERAL_OPTIONS)];

/** Their names and other names, and which option each is. */
const BY_NAME = new Map(
  KNOWN.flatMap((option) => [option.name, ...(option.aliases ?? [])].map((name) => [name, option] as const)),
);

/** @throws PacketTraceError `usage` for options that there are not, and for values that they lack */
export function parseArguments(args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    [...BY_NAME].map(([name, option]) => [
      name,
      {
        type: option.type === 'toggle' ? ('boolean' as const) : ('string' as const),
        ...(option.short !== undefined && name === option.name && { short: option.short }),
      },
    ]),
  );
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const topic = topicOf(positionals);
  const given = new Map<string, (string | undefined)[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = BY_NAME.get(token.name);
    if (option === undefined)
      throw usage(`There is no option ${token.rawName}${similarOption(token.name)}.`, topic);
    if (option.type !== 'toggle' && token.value === undefined)
      throw usage(`--${option.name} needs a value: --${option.name} ${option.value}.`, topic);
    given.set(option.name, [...(given.get(option.name) ?? []), token.value]);
  }
  return { given, positionals, topic };
}

/** The command that the first words name, of two words where both are meant; undefined where they name none. */
function topicOf(positionals: readonly string[]): HelpTopic {
  const [first = '', second] = positionals[0] === 'help' ? positionals.slice(1) : positionals;
  return [`${first} ${second}`, first].find((words) => words !== 'help' && commandsOf(words).length > 0);
}

function similarOption(name: string): string {
  const similar = mostSimilar(name, [...BY_NAME.keys()]);
  return didYouMean(similar && `--${similar}`);
}

/** The values of a command's options. @throws PacketTraceError `usage` for a value that an option does not take */
export function readOptions<T extends OptionTable>(
  table: T,
  given: Given,
  topic: HelpTopic,
): OptionValues<T> {
  const values = Object.entries(table).map(([key, option]) => {
    const words = option.name === undefined ? undefined : given.get(option.name);
    const value = words === undefined ? defaultOf(option) : readWords(option, words);
    if (!(value instanceof Mismatch)) return [key, value] as const;
    const hint = didYouMean(similarChoice(option, value));
    throw usage(`--${option.name ?? key} is ${value.toString()}${hint}.`, topic);
  });
  return Object.fromEntries(values) as OptionValues<T>;
}

/** The end of a sentence about a word that there is not. */
export function didYouMean(word: string | undefined): string {
  return word === undefined ? '' : ` (did you mean ${word.startsWith('-') ? word : `"${word}"`}?)`;
}

export function usage(message: string, topic?: HelpTopic): PacketTraceError {
  const help = ['packet-trace', 'help', ...(topic === undefined ? [] : [topic])].join(' ');
  return new PacketTraceError('usage', message, `See "${help}".`);
}
