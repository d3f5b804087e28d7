/** The commands and their options, those of a trace by the table of tracing/options/. */
import type { LinkType } from '../filter/libpcap/compile.ts';
import {
  choice,
  number,
  type Option,
  type OptionTable,
  type OptionValues,
  text,
  toggle,
} from '../tracing/options/option.ts';
import { PROBE_OPTIONS } from '../tracing/options/probe-options.ts';
import { OUTPUT_OPTIONS } from '../tracing/options/output-options.ts';
import { TARGET_OPTIONS } from '../tracing/options/target-options.ts';
import { TRACE_OPTIONS } from '../tracing/options/trace-options.ts';

const { json, verbose } = OUTPUT_OPTIONS;

const MATCH_OPTIONS = {
  pcap: text({
    name: 'pcap',
    value: 'FILE',
    names: 'path',
    example: 'a.pcap',
    help: 'a pcap or pcapng file: which of its packets does the filter match?',
  }),
  target: text({
    name: 'target',
    value: 'TARGET',
    names: 'target',
    example: 'web1',
    help: "let the kernel of this target decide, by the code that a trace would use; without it libpcap's rules decide here",
  }),
} satisfies OptionTable;

const FILTER_CHECK_OPTIONS = {
  link: choice({
    name: 'link',
    value: 'TYPE',
    choices: {
      EN10MB: 'packets with their Ethernet header',
      RAW: 'packets from the IP header',
    } satisfies Record<LinkType, string>,
    help: 'for which packets; by default for both',
  }),
  noOptimize: toggle({ name: 'no-optimize', help: "without libpcap's optimiser" }),
} satisfies OptionTable;

const SOURCE_OPTIONS = {
  checkout: text({
    name: 'checkout',
    value: 'DIR',
    names: 'folder',
    example: '~/src/linux',
    help: 'the kernel source tree',
  }),
  module: text({
    name: 'module',
    value: 'NAME',
    example: 'vxlan',
    help: 'module that the function is in; vmlinux if built in',
  }),
  config: text({
    name: 'config',
    value: 'FILE',
    names: 'path',
    example: '/boot/config-6.12',
    help: 'configuration of the kernel (`/boot/config-…`)',
  }),
  kallsyms: text({
    name: 'kallsyms',
    value: 'FILE',
    names: 'path',
    example: 'kallsyms.txt',
    help: "copy of the target's `/proc/kallsyms`",
  }),
  machine: text({
    name: 'machine',
    value: 'NAME',
    example: 'aarch64',
    help: 'as `uname -m` tells on the target; by default x86_64',
  }),
} satisfies OptionTable;

const FUNCTIONS_OPTIONS = {
  functions: PROBE_OPTIONS.functions,
  modules: PROBE_OPTIONS.modules,
  count: toggle({
    name: 'count',
    help: 'count for a while how often each function is called, and print the busiest first',
  }),
  seconds: number({
    name: 'seconds',
    value: 'N',
    default: 10,
    least: 1,
    most: 1_000_000,
    help: 'with `--count`: for so long; Ctrl-C ends it before',
  }),
  backend: PROBE_OPTIONS.backend,
} satisfies OptionTable;

/** How a recording is printed; what its events tell on request is in it, or not. */
const SHOW_OPTIONS = {
  tuple: OUTPUT_OPTIONS.tuple,
  tcpFlags: OUTPUT_OPTIONS.tcpFlags,
  meta: OUTPUT_OPTIONS.meta,
  timestamp: OUTPUT_OPTIONS.timestamp,
  netnsNamesMaxLength: OUTPUT_OPTIONS.netnsNamesMaxLength,
  limitLines: OUTPUT_OPTIONS.limitLines,
  json,
  verbose,
} satisfies OptionTable;

/** The commands in words, and their options. */
export const COMMANDS = {
  trace: TRACE_OPTIONS,
  show: SHOW_OPTIONS,
  check: { ...TARGET_OPTIONS, json, verbose },
  functions: { ...FUNCTIONS_OPTIONS, ...TARGET_OPTIONS, json, verbose },
  clean: { ...TARGET_OPTIONS, json, verbose },
  'forget-host': { json, verbose },
  'filter check': { ...FILTER_CHECK_OPTIONS, json },
  'filter match': { ...MATCH_OPTIONS, ...TARGET_OPTIONS, json, verbose },
  source: { ...SOURCE_OPTIONS, json, verbose },
  'source index': { json, verbose },
  completion: {},
  help: {},
} as const satisfies Record<string, OptionTable>;

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];
/** A command, or the first word of several, as `filter`; undefined: the overview. */
export type HelpTopic = string | undefined;

/** Shells that words are completed in. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Options that stand for themselves. */
export const GENERAL_OPTIONS = {
  version: toggle({ name: 'version', help: 'print the version' }),
  help: toggle({ name: 'help', short: 'h', help: 'print a help text' }),
} satisfies OptionTable;

/** The commands that a word names, alone or as the first of two. */
export function commandsOf(word: string): CommandName[] {
  return COMMAND_NAMES.filter((name) => name === word || name.startsWith(`${word} `));
}

/** An option that the command line knows. */
export type NamedOption = Option & { name: string };

export function namedOptions(table: OptionTable): NamedOption[] {
  return Object.values(table).filter((option): option is NamedOption => option.name !== undefined);
}

/** Every option, each once; of a name with several rows the first. */
export function optionsOf(commands: readonly CommandName[]): NamedOption[] {
  const rows = commands.flatMap((command) => namedOptions(COMMANDS[command]));
  return rows.filter(({ name }, at) => rows.findIndex((row) => row.name === name) === at);
}

type Values<C extends CommandName> = OptionValues<(typeof COMMANDS)[C]> & { name: C };

export type TraceOptions = Values<'trace'> & { target: string };
export type ShowOptions = Values<'show'> & { file: string };
export type CheckOptions = Values<'check'> & { target: string };
export type FunctionsOptions = Values<'functions'> & { target: string };
export type CleanOptions = Values<'clean'> & { target: string };
/** The host as users name a target, or as errors do: `[host]:2222`. */
export type ForgetHostOptions = Values<'forget-host'> & { host: string };
/** A filter `-`: one a line on standard input. A target that is empty: an interpreter here decides. */
export type MatchOptions = Values<'filter match'> & { filter: string };
export type FilterCheckOptions = Values<'filter check'> & { filter: string };
/** A function `-`: one a line on standard input. */
export type SourceOptions = Values<'source'> & { function: string };
export type SourceIndexOptions = Values<'source index'> & { checkout: string };

/** `hosts`: what the scripts for shells ask, the hosts of the SSH configuration. */
export type CompletionOptions = Values<'completion'> & { of: Shell | 'hosts' };

export type Command =
  | TraceOptions
  | ShowOptions
  | CheckOptions
  | FunctionsOptions
  | CleanOptions
  | ForgetHostOptions
  | MatchOptions
  | FilterCheckOptions
  | SourceOptions
  | SourceIndexOptions
  | CompletionOptions
  | { name: 'help'; of: HelpTopic }
  | { name: 'version' };
