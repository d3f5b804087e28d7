/** From the arguments of `packet-trace` to a command with its options, by the tables of options.ts. */
import { parseArgs } from 'node:util';
import { PacketTraceError } from '../base/errors.ts';
import {
  BACKENDS,
  type Command,
  HOST_KEY_CHECKS,
  LINK_TYPES,
  OPTIONS,
  type OptionSpec,
  SOURCE_OPTIONS,
  TIMESTAMPS,
} from './options.ts';

/** Reads the arguments after the program's name. @throws PacketTraceError `usage` */
export function parseCommandLine(args: readonly string[]): Command {
  if (args[0] === 'source') return parseSource(args.slice(1));
  const { values, positionals } = parse(args, OPTIONS);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [first, second, ...others] = positionals;
  if (first === undefined) return { name: 'help' };
  const name = commandName(first, second);
  for (const { name: option, commands } of OPTIONS)
    if (values[option] !== undefined && !commands.includes(name))
      throw usage(`"packet-trace ${name}" has no option --${option}.`);
  const text = (option: string) => values[option] as string | undefined;
  const one = <T extends string>(option: string, allowed: readonly T[]): T | undefined =>
    oneOf(option, text(option), allowed);
  const common = {
    identity: text('identity'),
    hostKeyCheck: one('strict-host-key-checking', HOST_KEY_CHECKS),
    json: values.json === true,
    verbose: values.verbose === true,
  };
  if (name === 'filter match') {
    const pcap = text('pcap');
    if (pcap === undefined) throw usage('"packet-trace filter match" needs a capture file: --pcap FILE.');
    return { name, ...common, pcap, filter: others.join(' '), target: text('target') };
  }
  if (name === 'filter check') {
    const optimize = values['no-optimize'] !== true;
    return { name, json: common.json, filter: others.join(' '), link: one('link', LINK_TYPES), optimize };
  }
  if (second === undefined)
    throw usage(`"packet-trace ${name}" needs a target: [user@]host[:port] or local.`);
  const target = second;
  if (name === 'check') {
    if (others.length > 0)
      throw usage(`"packet-trace check" takes one target, not also "${others.join(' ')}".`);
    return { name, ...common, target };
  }
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
    limitLines: positiveInteger('output-limit-lines', text('output-limit-lines')),
    timestamp: one('timestamp', TIMESTAMPS) ?? 'none',
    readyFile: text('ready-file'),
    checkout: text('checkout'),
    debugInfo: text('debug-info'),
  };
}

function parseSource(args: readonly string[]): Command {
  const { values, positionals } = parse(args, SOURCE_OPTIONS, 'source ');
  if (values.help === true) return { name: 'help', of: 'source' };
  const text = (option: string) => values[option] as string | undefined;
  const json = values.json === true;
  const checkout = text('checkout');
  const [first, second] = positionals;
  if (first === 'index' && second !== undefined) return { name: 'source index', json, checkout: second };
  if (first === undefined || positionals.length > 1)
    throw usage(
      '"packet-trace source" takes one function, or "-" to read names from standard input.',
      'source ',
    );
  if (checkout === undefined) throw usage('"packet-trace source" needs --checkout DIR.', 'source ');
  return {
    name: 'source',
    json,
    checkout,
    function: first,
    module: text('module') ?? '',
    config: text('config'),
    kallsyms: text('kallsyms'),
    machine: text('machine'),
  };
}

function commandName(
  first: string,
  second: string | undefined,
): 'trace' | 'check' | 'filter match' | 'filter check' {
  if (first === 'trace' || first === 'check') return first;
  if (first !== 'filter')
    throw usage(`"${first}" is not a command; commands are trace, check, filter check and filter match.`);
  if (second === 'match') return 'filter match';
  if (second === 'check') return 'filter check';
  throw usage(
    `"packet-trace filter" does ${second === undefined ? 'nothing by itself' : `not know "${second}"`}; there are filter check and filter match.`,
  );
}

/** @param helpOf the command that has a help of its own, with a space after it */
function parse(args: readonly string[], specs: readonly OptionSpec[], helpOf = '') {
  const options = Object.fromEntries(
    specs.map(({ name, short, argument }) => [
      name,
      { type: argument === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
    ]),
  );
  const { rest, switches } = takeSwitches(args, specs);
  try {
    const { values, positionals } = parseArgs({ args: rest, options, allowPositionals: true });
    return {
      values: { ...values, ...switches } as Record<string, string | boolean | undefined>,
      positionals,
    };
  } catch (error) {
    // node:util's messages name the option; the advice about "--" after the first sentence is for programmers.
    throw usage(
      error instanceof Error ? `${error.message.split('. ')[0] ?? ''}.`.replace('..', '.') : String(error),
      helpOf,
    );
  }
}

/** `--output-meta=false`, which node:util has no form for. */
function takeSwitches(
  args: readonly string[],
  specs: readonly OptionSpec[],
): { rest: string[]; switches: Record<string, boolean> } {
  const switches: Record<string, boolean> = {};
  const end = args.indexOf('--');
  const rest = args.filter((arg, i) => {
    const [, name, value] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    const isSwitch = specs.some((option) => option.name === name && option.on === true);
    if (!isSwitch || name === undefined || (end >= 0 && i > end)) return true;
    switches[name] = value === 'true';
    return false;
  });
  return { rest, switches };
}

function oneOf<T extends string>(
  option: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw usage(`--${option} is one of ${allowed.join(', ')}, not "${value}".`);
  return found;
}

function positiveInteger(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(value)) throw usage(`--${option} is a number from 1 up, not "${value}".`);
  return Number(value);
}

function usage(message: string, helpOf = ''): PacketTraceError {
  return new PacketTraceError('usage', message, `See "packet-trace ${helpOf}--help".`);
}
