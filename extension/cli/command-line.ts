/** From the arguments of `packet-trace` to a command with its options, by the tables of options.ts. */
import type { PacketTraceError } from '../base/errors.ts';
import { mostSimilar } from '../base/similar.ts';
import { KEEP_EVENTS } from '../recording/retention.ts';
import { didYouMean, oneOf, parseArguments, usage, type Values, wholeNumber } from './arguments.ts';
import {
  BACKENDS,
  type Command,
  type CommandName,
  COMMANDS,
  type HelpTopic,
  HOST_KEY_CHECKS,
  LINK_TYPES,
  OPTIONS,
  SSH_CLIENTS,
  TIMESTAMPS,
} from './options.ts';

/** Reads the arguments after the program's name. @throws PacketTraceError `usage` */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals, topic } = parseArguments(args);
  if (values.help === true) return { name: 'help', of: topic };
  if (values.version === true) return { name: 'version' };
  if (positionals[0] === undefined) return { name: 'help', of: undefined };
  const { name, rest } = commandOf(positionals);
  if (name === 'help') return { name, of: helpTopic(rest) };
  refuseOthersOptions(name, values, topic);
  const text = (option: string) => values[option] as string | undefined;
  const one = <T extends string>(option: string, allowed: readonly T[]): T | undefined =>
    oneOf(option, text(option), allowed);
  const [first, ...others] = rest;
  const json = values.json === true;
  const verbose = values.verbose === true;
  if (name === 'source index') {
    if (first === undefined || others.length > 0)
      throw usage('"packet-trace source index" takes one folder.', topic);
    return { name, json, verbose, checkout: first };
  }
  if (name === 'source') {
    const checkout = text('checkout');
    if (first === undefined || others.length > 0)
      throw usage(
        '"packet-trace source" takes one function, or "-" to read names from standard input.',
        topic,
      );
    if (checkout === undefined) throw usage('"packet-trace source" needs --checkout DIR.', topic);
    return {
      name,
      json,
      verbose,
      checkout,
      function: first,
      module: text('module') ?? '',
      config: text('config'),
      kallsyms: text('kallsyms'),
      machine: text('machine'),
    };
  }
  if (name === 'forget-host') {
    if (first === undefined || others.length > 0) throw usage('"packet-trace forget-host" takes one host.');
    return { name, json, verbose, host: first };
  }
  const common = {
    identity: text('identity'),
    hostKeyCheck: one('strict-host-key-checking', HOST_KEY_CHECKS),
    targetFolder: absolute('target-folder', text('target-folder')),
    sshClient: one('ssh', SSH_CLIENTS) ?? 'auto',
    json,
    verbose,
  };
  if (name === 'filter match') {
    const pcap = text('pcap');
    if (pcap === undefined) throw usage('"packet-trace filter match" needs a capture file: --pcap FILE.');
    return { name, ...common, pcap, filter: rest.join(' '), target: text('target') };
  }
  if (name === 'filter check') {
    const optimize = values['no-optimize'] !== true;
    return { name, json, filter: rest.join(' '), link: one('link', LINK_TYPES), optimize };
  }
  if (first === undefined) throw usage(`"packet-trace ${name}" needs a target: [user@]host[:port] or local.`);
  const target = first;
  if (name === 'check' || name === 'clean') {
    if (others.length > 0)
      throw usage(`"packet-trace ${name}" takes one target, not also "${others.join(' ')}".`);
    return { name, ...common, target };
  }
  const limitLines = wholeNumber('output-limit-lines', text('output-limit-lines'), 0);
  return {
    name,
    ...common,
    target,
    filter: others.join(' '),
    tunnelFilterL2: text('filter-tunnel-pcap-l2') ?? '',
    tunnelFilterL3: text('filter-tunnel-pcap-l3') ?? '',
    filterCommands: values['filter-commands'] === true,
    functions: text('filter-func') ?? '',
    backend: one('backend', BACKENDS) ?? 'auto',
    tuple: values['output-tuple'] !== false,
    meta: values['output-meta'] !== false,
    track: values['filter-track-skb'] !== false,
    localSockets: values['local-sockets'] === true,
    limitLines: limitLines === 0 ? undefined : limitLines,
    keepEvents: wholeNumber('keep-events', text('keep-events'), 1) ?? KEEP_EVENTS,
    timestamp: one('timestamp', TIMESTAMPS) ?? 'none',
    readyFile: text('ready-file'),
    checkout: text('checkout'),
    debugInfo: text('debug-info'),
  };
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
    );
  }
  // "index" alone may be a function.
  if (first === 'source' && second === 'index' && others.length > 0)
    return { name: 'source index', rest: others };
  const name = COMMANDS.find((command) => command === first);
  if (name !== undefined) return { name, rest };
  throw noCommand(first);
}

/** What `help WORDS` is about. */
function helpTopic([first, ...others]: readonly string[]): HelpTopic {
  if (first === undefined || first === 'filter') return undefined;
  if (!FIRST_WORDS.includes(first)) throw noCommand(first);
  if (others.length > 0 && first !== 'source')
    throw usage(`There is no help on "${[first, ...others].join(' ')}".`);
  return first === 'source' ? first : undefined;
}

const FIRST_WORDS = [...new Set(COMMANDS.map((command) => command.split(' ')[0] ?? ''))];

function noCommand(word: string): PacketTraceError {
  const known = COMMANDS.filter((command) => command !== 'help').join(', ');
  return usage(
    `"${word}" is not a command${didYouMean(mostSimilar(word, FIRST_WORDS))}; commands are ${known} and help.`,
  );
}

/** Options have their commands; of a name with several rows, those of all rows. */
function refuseOthersOptions(name: CommandName, values: Values, topic: HelpTopic): void {
  for (const option of new Set(OPTIONS.map((each) => each.name))) {
    if (values[option] === undefined) continue;
    const commands = OPTIONS.filter((each) => each.name === option).flatMap((each) => each.commands);
    if (!commands.includes(name))
      throw usage(
        `"packet-trace ${name}" has no option --${option}, which is for ${commands.join(', ')}.`,
        topic,
      );
  }
}

function absolute(option: string, value: string | undefined): string | undefined {
  if (value === undefined || value.startsWith('/')) return value;
  throw usage(`--${option} is the whole path of a folder on the target, not "${value}".`);
}
