/** The command line: one table of options, from which parsing, --help and the documentation's check are made. */
import { parseArgs } from 'node:util';
import type { Backend } from '../../common/protocol.ts';
import type { FilterTexts } from '../recording/filters.ts';
import { PacketTraceError } from '../base/errors.ts';
import type { LinkType } from '../filter/libpcap/compile.ts';

export interface OptionSpec {
  name: string;
  short?: string;
  /** What follows it; without: a switch. */
  argument?: string;
  /** The only arguments there are. */
  values?: readonly string[];
  /** A switch that is on; `--NAME=false` turns it off. */
  on?: true;
  help: string;
  commands: readonly Command['name'][];
}

const TIMESTAMPS = ['none', 'current', 'relative', 'absolute'] as const;
const BACKENDS = ['auto', 'kprobe', 'kprobe-multi'] as const;
const HOST_KEY_CHECKS = ['ask', 'accept-new', 'yes'] as const;

const LINK_TYPES = ['EN10MB', 'RAW'] as const satisfies readonly LinkType[];

const trace = ['trace'] as const;
const match = ['filter match'] as const;
const filterCheck = ['filter check'] as const;
const all = ['trace', 'check', 'filter match'] as const;

export const OPTIONS: readonly OptionSpec[] = [
  { name: 'identity', short: 'i', argument: 'FILE', help: 'private key to try first', commands: all },
  {
    name: 'strict-host-key-checking',
    argument: 'HOW',
    values: HOST_KEY_CHECKS,
    help: 'a host whose key is not known: ask, accept-new (remember it) or yes (refuse); by default ask on a terminal, else yes. A changed key is always refused',
    commands: all,
  },
  {
    name: 'filter-tunnel-pcap-l2',
    argument: 'FILTER',
    help: 'packets must match this pcap filter too, inside of a tunnel (VXLAN, Geneve, GRE), from the Ethernet header there',
    commands: trace,
  },
  {
    name: 'filter-tunnel-pcap-l3',
    argument: 'FILTER',
    help: 'the same from the IP header inside of a tunnel (VXLAN, Geneve, GRE, IP in IP)',
    commands: trace,
  },
  {
    name: 'filter-commands',
    help: 'read commands from standard input while tracing: "filter FILTER" changes the filter, "no filter" traces every packet, "filter" tells the one in force',
    commands: trace,
  },
  {
    name: 'filter-func',
    argument: 'PATTERN',
    help: 'probe only functions whose whole name matches this regular expression',
    commands: trace,
  },
  {
    name: 'checkout',
    argument: 'DIR',
    help: 'print where in this kernel checkout functions are defined and packets were dropped',
    commands: trace,
  },
  {
    name: 'debug-info',
    argument: 'PATH',
    help: "with --checkout: a vmlinux with debug information of the target's kernel, or a folder with debug files, for the lines of drops; by default the checkout and /usr/lib/debug are searched",
    commands: trace,
  },
  {
    name: 'backend',
    argument: 'BACKEND',
    values: BACKENDS,
    help: 'how to attach: auto (default), kprobe or kprobe-multi',
    commands: trace,
  },
  {
    name: 'output-tuple',
    on: true,
    help: 'print addresses and ports (on; --output-tuple=false leaves them out)',
    commands: trace,
  },
  {
    name: 'output-meta',
    on: true,
    help: 'print netns, mark, interface, protocol, MTU and length (on; --output-meta=false leaves them out)',
    commands: trace,
  },
  { name: 'output-limit-lines', argument: 'N', help: 'stop after N events were printed', commands: trace },
  {
    name: 'timestamp',
    argument: 'KIND',
    values: TIMESTAMPS,
    help: "none (default), current (nanoseconds since the target booted), relative (nanoseconds since the packet was seen before) or absolute (also the target's time of day)",
    commands: trace,
  },
  {
    name: 'ready-file',
    argument: 'FILE',
    help: 'create or touch FILE once the probes are attached',
    commands: trace,
  },
  {
    name: 'pcap',
    argument: 'FILE',
    help: 'a pcap or pcapng file: which of its packets does the filter match?',
    commands: match,
  },
  {
    name: 'target',
    argument: 'TARGET',
    help: "let the kernel of this target decide, by the code that a trace would use; without it libpcap's rules decide here",
    commands: match,
  },
  {
    name: 'link',
    argument: 'TYPE',
    values: LINK_TYPES,
    help: 'EN10MB (packets with their Ethernet header) or RAW (from the IP header); both by default',
    commands: filterCheck,
  },
  { name: 'no-optimize', help: "without libpcap's optimiser", commands: filterCheck },
  {
    name: 'json',
    help: 'print one JSON object a line (docs/json.md)',
    commands: [...all, ...filterCheck],
  },
  { name: 'verbose', short: 'v', help: 'say on standard error what is being done', commands: all },
  { name: 'version', help: 'print the version', commands: [] },
  { name: 'help', short: 'h', help: 'print this help', commands: [] },
];

interface Common {
  identity: string | undefined;
  /** undefined: ask on a terminal, else refuse */
  hostKeyCheck: (typeof HOST_KEY_CHECKS)[number] | undefined;
  json: boolean;
  verbose: boolean;
}

export interface TraceOptions extends Common, FilterTexts {
  name: 'trace';
  target: string;
  /** Obey commands on standard input that change the filter. */
  filterCommands: boolean;
  functions: string;
  backend: Backend | 'auto';
  tuple: boolean;
  meta: boolean;
  limitLines: number | undefined;
  timestamp: (typeof TIMESTAMPS)[number];
  readyFile: string | undefined;
  /** Folder of the kernel's source. */
  checkout: string | undefined;
  debugInfo: string | undefined;
}

export interface CheckOptions extends Common {
  name: 'check';
  target: string;
}

export interface MatchOptions extends Common {
  name: 'filter match';
  /** The capture file. */
  pcap: string;
  /** `-`: one a line on standard input. */
  filter: string;
  /** Whose kernel decides; undefined: an interpreter here. */
  target: string | undefined;
}

export interface FilterCheckOptions extends Pick<Common, 'json'> {
  name: 'filter check';
  /** `-`: one a line on standard input. */
  filter: string;
  /** undefined: both */
  link: LinkType | undefined;
  optimize: boolean;
}

export type Command =
  TraceOptions | CheckOptions | MatchOptions | FilterCheckOptions | { name: 'help' } | { name: 'version' };

function usage(message: string): PacketTraceError {
  return new PacketTraceError('usage', message, 'See "packet-trace --help".');
}

/** Reads the arguments after the program's name. @throws PacketTraceError `usage` */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
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

function parse(args: readonly string[]) {
  const options = Object.fromEntries(
    OPTIONS.map(({ name, short, argument }) => [
      name,
      { type: argument === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
    ]),
  );
  const { rest, switches } = takeSwitches(args);
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
    );
  }
}

/** `--output-meta=false`, which node:util has no form for. */
function takeSwitches(args: readonly string[]): { rest: string[]; switches: Record<string, boolean> } {
  const switches: Record<string, boolean> = {};
  const end = args.indexOf('--');
  const rest = args.filter((arg, i) => {
    const [, name, value] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    const isSwitch = OPTIONS.some((option) => option.name === name && option.on === true);
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
