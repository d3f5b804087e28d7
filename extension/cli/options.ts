/** The command line: one table of options, from which parsing, --help and the documentation's check are made. */
import { parseArgs } from 'node:util';
import type { Backend } from '../../remote-agent/protocol.ts';
import { PacketTraceError } from '../errors.ts';

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

const both = ['trace', 'check'] as const;
const trace = ['trace'] as const;

export const OPTIONS: readonly OptionSpec[] = [
  { name: 'identity', short: 'i', argument: 'FILE', help: 'private key to try first', commands: both },
  {
    name: 'strict-host-key-checking',
    argument: 'HOW',
    values: HOST_KEY_CHECKS,
    help: 'a host whose key is not known: ask, accept-new (remember it) or yes (refuse); by default ask on a terminal, else yes. A changed key is always refused',
    commands: both,
  },
  {
    name: 'filter-func',
    argument: 'PATTERN',
    help: 'probe only functions whose whole name matches this regular expression',
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
  { name: 'json', help: 'print one JSON object a line (docs/json.md)', commands: both },
  { name: 'verbose', short: 'v', help: 'say on standard error what is being done', commands: both },
  { name: 'version', help: 'print the version', commands: [] },
  { name: 'help', short: 'h', help: 'print this help', commands: [] },
];

interface Common {
  target: string;
  identity: string | undefined;
  /** undefined: ask on a terminal, else refuse */
  hostKeyCheck: (typeof HOST_KEY_CHECKS)[number] | undefined;
  json: boolean;
  verbose: boolean;
}

export interface TraceOptions extends Common {
  name: 'trace';
  filter: string;
  functions: string;
  backend: Backend | 'auto';
  tuple: boolean;
  meta: boolean;
  limitLines: number | undefined;
  timestamp: (typeof TIMESTAMPS)[number];
  readyFile: string | undefined;
}

export interface CheckOptions extends Common {
  name: 'check';
}

export type Command = TraceOptions | CheckOptions | { name: 'help' } | { name: 'version' };

function usage(message: string): PacketTraceError {
  return new PacketTraceError('usage', message, 'See "packet-trace --help".');
}

/** Reads the arguments after the program's name. @throws PacketTraceError `usage` */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [name, target, ...rest] = positionals;
  if (name === undefined) return { name: 'help' };
  if (name !== 'trace' && name !== 'check')
    throw usage(`"${name}" is not a command; commands are trace and check.`);
  if (target === undefined)
    throw usage(`"packet-trace ${name}" needs a target: [user@]host[:port] or local.`);
  for (const { name: option, commands } of OPTIONS)
    if (values[option] !== undefined && !commands.includes(name))
      throw usage(`"packet-trace ${name}" has no option --${option}.`);
  const text = (option: string) => values[option] as string | undefined;
  const one = <T extends string>(option: string, allowed: readonly T[]): T | undefined =>
    oneOf(option, text(option), allowed);
  const common = {
    target,
    identity: text('identity'),
    hostKeyCheck: one('strict-host-key-checking', HOST_KEY_CHECKS),
    json: values.json === true,
    verbose: values.verbose === true,
  };
  if (name === 'check') {
    if (rest.length > 0) throw usage(`"packet-trace check" takes one target, not also "${rest.join(' ')}".`);
    return { name, ...common };
  }
  return {
    name,
    ...common,
    filter: rest.join(' '),
    functions: text('filter-func') ?? '',
    backend: one('backend', BACKENDS) ?? 'auto',
    tuple: values['output-tuple'] !== false,
    meta: values['output-meta'] !== false,
    limitLines: positiveInteger('output-limit-lines', text('output-limit-lines')),
    timestamp: one('timestamp', TIMESTAMPS) ?? 'none',
    readyFile: text('ready-file'),
  };
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
