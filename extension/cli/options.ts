/** Commands and options: tables from which parsing, help and the documentation's check are made. */
import type { Backend } from '../../common/protocol.ts';
import type { FilterTexts } from '../recording/filters.ts';
import { KEEP_EVENTS } from '../recording/retention.ts';
import type { LinkType } from '../filter/libpcap/compile.ts';
import type { SshClientChoice } from '../target/connection.ts';

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
  /** Those that it is for; none: it stands for itself. One name may have several rows, for different commands. */
  commands: readonly CommandName[];
}

export const TIMESTAMPS = ['none', 'current', 'relative', 'absolute'] as const;
export const BACKENDS = ['auto', 'kprobe', 'kprobe-multi'] as const;
export const HOST_KEY_CHECKS = ['ask', 'accept-new', 'yes'] as const;
export const SSH_CLIENTS = ['auto', 'builtin', 'system'] as const satisfies readonly SshClientChoice[];

export const LINK_TYPES = ['EN10MB', 'RAW'] as const satisfies readonly LinkType[];

/** A command in words; `source` has a help text of its own. */
export const COMMANDS = [
  'trace',
  'check',
  'clean',
  'forget-host',
  'filter check',
  'filter match',
  'source',
  'source index',
  'help',
] as const;
export type CommandName = (typeof COMMANDS)[number];
export type HelpTopic = 'source' | undefined;

const trace = ['trace'] as const;
const match = ['filter match'] as const;
const filterCheck = ['filter check'] as const;
const all = ['trace', 'check', 'filter match', 'clean'] as const;
const forget = ['forget-host'] as const;
const source = ['source'] as const;
const sources = ['source', 'source index'] as const;

export const OPTIONS: readonly OptionSpec[] = [
  { name: 'identity', short: 'i', argument: 'FILE', help: 'private key to try first', commands: all },
  {
    name: 'strict-host-key-checking',
    argument: 'HOW',
    values: HOST_KEY_CHECKS,
    help: 'a host whose key is not known: ask, accept-new (remember it) or yes (refuse); by default as your SSH configuration says, and where that says ask, yes without a terminal. A changed key is always refused',
    commands: all,
  },
  {
    name: 'ssh',
    argument: 'CLIENT',
    values: SSH_CLIENTS,
    help: 'what connects: builtin, system (the ssh program, with security keys, certificates and Kerberos), or auto (default): builtin, unless only system can',
    commands: all,
  },
  {
    name: 'target-folder',
    argument: 'DIR',
    help: 'folder on the target for the agent and Node, which root alone may write; by default the first that serves of /var/cache, /run and /var/tmp/kernel-packet-trace',
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
    name: 'filter-track-skb',
    on: true,
    help: 'follow packets to their ends, also where they no longer match, as after NAT (on; --filter-track-skb=false shows them only where they match)',
    commands: trace,
  },
  {
    name: 'local-sockets',
    help: 'trace messages of UNIX and netlink sockets too, which the kernel keeps in the same structure as packets',
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
  {
    name: 'output-limit-lines',
    argument: 'N',
    help: 'stop after N events were printed; 0 (default): no limit',
    commands: trace,
  },
  {
    name: 'keep-events',
    argument: 'N',
    help: `where lines are read more slowly than events come, about the newest N events wait (${KEEP_EVENTS}); older ones are forgotten`,
    commands: trace,
  },
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
  { name: 'checkout', argument: 'DIR', help: 'the kernel source tree', commands: source },
  {
    name: 'module',
    argument: 'NAME',
    help: 'module that the function is in; vmlinux if built in',
    commands: source,
  },
  {
    name: 'config',
    argument: 'FILE',
    help: 'configuration of the kernel (/boot/config-…)',
    commands: source,
  },
  { name: 'kallsyms', argument: 'FILE', help: "copy of the target's /proc/kallsyms", commands: source },
  {
    name: 'machine',
    argument: 'NAME',
    help: 'as "uname -m" tells on the target; by default x86_64',
    commands: source,
  },
  {
    name: 'json',
    help: 'print one JSON object a line (docs/json.md)',
    commands: [...all, ...forget, ...filterCheck, ...sources],
  },
  {
    name: 'verbose',
    short: 'v',
    help: 'say on standard error what is being done',
    commands: [...all, ...forget, ...sources],
  },
  { name: 'version', help: 'print the version', commands: [] },
  { name: 'help', short: 'h', help: 'print this help', commands: [] },
];

/** The rows of a help text, in its order. @param topic undefined: the help text of all commands but `source` */
export function optionsOf(topic: HelpTopic): OptionSpec[] {
  const isSource = (command: CommandName) => command === 'source' || command === 'source index';
  return OPTIONS.filter(({ name, commands }) =>
    commands.length === 0
      ? topic === undefined || name !== 'version'
      : commands.some((command) => isSource(command) === (topic === 'source')),
  );
}

interface Common {
  identity: string | undefined;
  /** undefined: the SSH configuration decides; where it says ask, refuse without a terminal */
  hostKeyCheck: (typeof HOST_KEY_CHECKS)[number] | undefined;
  /** undefined: one of our own choice */
  targetFolder: string | undefined;
  sshClient: SshClientChoice;
  json: boolean;
  verbose: boolean;
}

export interface TraceOptions extends Common, FilterTexts {
  name: 'trace';
  target: string;
  /** Obey commands on standard input that change the filter. */
  filterCommands: boolean;
  functions: string;
  track: boolean;
  localSockets: boolean;
  backend: Backend | 'auto';
  tuple: boolean;
  meta: boolean;
  limitLines: number | undefined;
  keepEvents: number;
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

export interface CleanOptions extends Common {
  name: 'clean';
  target: string;
}

export interface ForgetHostOptions extends Pick<Common, 'json' | 'verbose'> {
  name: 'forget-host';
  /** As users name a target, or as errors do: `[host]:2222`. */
  host: string;
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

export interface SourceOptions extends Pick<Common, 'json' | 'verbose'> {
  name: 'source';
  checkout: string;
  /** `-`: one a line on standard input. */
  function: string;
  /** Empty: not known. */
  module: string;
  /** Files, and the machine, that tell of the kernel. */
  config: string | undefined;
  kallsyms: string | undefined;
  machine: string | undefined;
}

export interface SourceIndexOptions extends Pick<Common, 'json' | 'verbose'> {
  name: 'source index';
  checkout: string;
}

export type Command =
  | TraceOptions
  | CheckOptions
  | CleanOptions
  | ForgetHostOptions
  | MatchOptions
  | FilterCheckOptions
  | SourceOptions
  | SourceIndexOptions
  | { name: 'help'; of: HelpTopic }
  | { name: 'version' };
