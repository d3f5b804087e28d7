/** From the arguments of `packet-trace` to a command with its options, by the tables of options.ts. */
import type { PacketTraceError } from '../base/errors.ts';
import { mostSimilar } from '../../common/similar.ts';
import { didYouMean, type Given, parseArguments, readOptions, usage } from './arguments.ts';
import {
  type Command,
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  commandsOf,
  type CompletionOptions,
  type HelpTopic,
  namedOptions,
  SHELLS,
} from './options.ts';

/** Reads the arguments after the program's name. @throws PacketTraceError `usage` */
export function parseCommandLine(args: readonly string[]): Command {
  const { given, positionals, topic } = parseArguments(args);
  if (given.has('help')) return { name: 'help', of: topic };
  if (given.has('version')) return { name: 'version' };
  if (positionals[0] === undefined) return { name: 'help', of: undefined };
  const { name, rest } = commandOf(positionals);
  if (name === 'help') {
    refuseOtherTopics(rest);
    return { name, of: topic };
  }
  refuseOthersOptions(name, given, topic);
  const options = <C extends CommandName>(command: C) => ({
    ...readOptions(COMMANDS[command], given, topic),
    name: command,
  });
  const one = (what: string) => {
    const [word, ...others] = rest;
    if (word === undefined || others.length > 0)
      throw usage(`"packet-trace ${name}" takes one ${what}.`, topic);
    return word;
  };
  switch (name) {
    case 'completion':
      return { ...options(name), of: completionOf(one(`of ${SHELLS.join(', ')}`)) };
    case 'source index':
      return { ...options(name), checkout: one('folder') };
    case 'source': {
      const read = options(name);
      const wanted = one('function, or "-" to read names from standard input');
      if (read.checkout === '') throw usage('"packet-trace source" needs --checkout DIR.', topic);
      return { ...read, function: wanted };
    }
    case 'forget-host':
      return { ...options(name), host: one('host') };
    case 'filter match': {
      const read = options(name);
      if (read.pcap === '')
        throw usage('"packet-trace filter match" needs a capture file: --pcap FILE.', topic);
      return { ...read, filter: rest.join(' ') };
    }
    case 'filter check':
      return { ...options(name), filter: rest.join(' ') };
    case 'show':
      return { ...options(name), file: one('recording') };
    case 'check':
    case 'clean':
      return { ...options(name), target: onlyTarget(name, rest) };
    case 'functions': {
      const read = options(name);
      const pointless = ['seconds', 'backend'].find((option) => !read.count && given.has(option));
      if (pointless !== undefined) throw usage(`--${pointless} is for counting: add --count.`, topic);
      return { ...read, target: onlyTarget(name, rest) };
    }
    case 'trace': {
      const { target, others } = targetOf(name, rest);
      return { ...options(name), target, filter: others.join(' ') };
    }
  }
}

function onlyTarget(name: CommandName, words: readonly string[]): string {
  const { target, others } = targetOf(name, words);
  if (others.length > 0)
    throw usage(`"packet-trace ${name}" takes one target, not also "${others.join(' ')}".`, name);
  return target;
}

function targetOf(name: CommandName, [target, ...others]: readonly string[]) {
  if (target === undefined)
    throw usage(`"packet-trace ${name}" needs a target: [user@]host[:port] or local.`, name);
  return { target, others };
}

/** The command that the first words name, and the words after it. */
function commandOf([first = '', second, ...others]: readonly string[]): {
  name: CommandName;
  rest: string[];
} {
  const rest = second === undefined ? [] : [second, ...others];
  if (first === 'filter') {
    const known = ['check', 'match'] as const;
    const subcommand = known.find((word) => word === second);
    if (subcommand !== undefined) return { name: `filter ${subcommand}`, rest: others };
    throw usage(
      second === undefined
        ? '"packet-trace filter" does nothing by itself; there are filter check and filter match.'
        : `"packet-trace filter" does not know "${second}"${didYouMean(mostSimilar(second, known))}; there are filter check and filter match.`,
      first,
    );
  }
  // "index" alone may be a function.
  if (first === 'source' && second === 'index' && others.length > 0)
    return { name: 'source index', rest: others };
  const name = COMMAND_NAMES.find((command) => command === first);
  if (name !== undefined) return { name, rest };
  throw noCommand(first);
}

/** `help` is about a command, or the first word of several. */
function refuseOtherTopics([first, ...others]: readonly string[]): void {
  if (first === undefined) return;
  if (!FIRST_WORDS.includes(first)) throw noCommand(first);
  if (commandsOf([first, ...others].join(' ')).length === 0)
    throw usage(`There is no help on "${[first, ...others].join(' ')}".`);
}

function completionOf(word: string): CompletionOptions['of'] {
  const known = [...SHELLS, 'hosts'] as const;
  const of = known.find((each) => each === word);
  if (of !== undefined) return of;
  const hint = didYouMean(mostSimilar(word, SHELLS));
  throw usage(`"packet-trace completion" is for ${SHELLS.join(', ')}, not "${word}"${hint}.`, 'completion');
}

const FIRST_WORDS = [...new Set(COMMAND_NAMES.map((command) => command.split(' ')[0] ?? ''))];

function noCommand(word: string): PacketTraceError {
  const known = COMMAND_NAMES.filter((command) => command !== 'help').join(', ');
  return usage(
    `"${word}" is not a command${didYouMean(mostSimilar(word, FIRST_WORDS))}; commands are ${known} and help.`,
  );
}

/** Options have their commands. */
function refuseOthersOptions(name: CommandName, given: Given, topic: HelpTopic): void {
  const isOf = (command: CommandName, option: string) =>
    namedOptions(COMMANDS[command]).some((each) => each.name === option);
  for (const option of given.keys()) {
    if (isOf(name, option)) continue;
    const commands = COMMAND_NAMES.filter((command) => isOf(command, option)).join(', ');
    throw usage(`"packet-trace ${name}" has no option --${option}, which is for ${commands}.`, topic);
  }
}
