/** dist/packet-trace.1, from the tables of options and commands: man(7) macros, for groff and mandoc. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_CODES } from '../extension/cli/exit-codes.ts';
import { COMMAND_TEXTS, TAGLINE } from '../extension/cli/help/command-texts.ts';
import { optionForm } from '../extension/cli/help/help-text.ts';
import { optionGroups } from '../extension/cli/help/option-groups.ts';
import {
  COMMAND_NAMES,
  type CommandName,
  GENERAL_OPTIONS,
  type NamedOption,
  namedOptions,
} from '../extension/cli/options.ts';
import { TARGET_FOLDERS } from '../extension/target/deploy/folder.ts';
import { describeOption, sentence } from '../extension/tracing/options/describe.ts';
import type { Option } from '../extension/tracing/options/option.ts';
import { TRACE_OPTIONS } from '../extension/tracing/options/trace-options.ts';
import { code, roff } from './roff.ts';
import { distDir, repoRoot } from './paths.ts';

/** Terms, which are code with commas between, and what is said of them. */
type Terms = readonly (readonly [term: string, said: string])[];

const ENVIRONMENT: Terms = [
  ['NO_COLOR', 'If it is set, drops are not red on a terminal; so it is with `TERM=dumb`.'],
  ['SSH_AUTH_SOCK', 'Socket of the SSH agent, unless the SSH configuration names another.'],
  ['XDG_CACHE_HOME', 'Where the index of a kernel checkout is kept, in place of `~/.cache`.'],
  ['XDG_CONFIG_HOME', 'Where accepted host keys are kept, in place of `~/.config`.'],
];

const FILES: Terms = [
  ['~/.ssh/config', 'Hosts, users, ports, keys and jump hosts, as ssh_config(5) says.'],
  ['~/.ssh/known_hosts', 'Keys of hosts; it is read and never written.'],
  ['~/.config/kernel-packet-trace/known_hosts', 'Keys of hosts that were accepted here.'],
  ['~/.cache/kernel-packet-trace/index', 'Indexes of kernel checkouts; they may be removed.'],
  [
    TARGET_FOLDERS.join(', '),
    'On a target: the agent and, where there is none, Node, in the first of these that serves. `packet-trace clean` removes them.',
  ],
];

const SEE_ALSO = 'pcap-filter(7), ssh_config(5), tcpdump(8)';

/** @param date of the build, as 2026-05-06 */
export function manPage(version: string, date: string): string {
  const sections: [string, string[]][] = [
    ['NAME', [`${roff('packet-trace')} \\- trace packets through the kernel of a Linux host`]],
    ['SYNOPSIS', COMMAND_NAMES.flatMap(synopsis)],
    ['DESCRIPTION', [roff(TAGLINE), ...COMMAND_TEXTS.trace.about.flatMap(paragraph)]],
    ['COMMANDS', COMMAND_NAMES.flatMap(command)],
    ['OPTIONS', options()],
    ['EXIT STATUS', terms(EXIT_CODES.map(([exitCode, meaning]) => [String(exitCode), sentence(meaning)]))],
    ['ENVIRONMENT', terms(ENVIRONMENT)],
    ['FILES', terms(FILES)],
    ['EXAMPLES', COMMAND_NAMES.flatMap((name) => COMMAND_TEXTS[name].examples).flatMap(example)],
    ['SEE ALSO', [roff(SEE_ALSO)]],
  ];
  const head = [
    '.\\" Made by the build from extension/tracing/options/ and extension/cli/.',
    `.TH PACKET\\-TRACE 1 "${date}" "packet\\-trace ${version}" "User Commands"`,
    '.nh', // names of options stay whole
    '.ad l',
  ];
  return [...head, ...sections.flatMap(([title, lines]) => [`.SH ${title}`, ...lines]), ''].join('\n');
}

function synopsis(name: CommandName, at: number): string[] {
  return COMMAND_TEXTS[name].usage.flatMap((words, row) => [
    ...(at + row > 0 ? ['.br'] : []),
    `${code(`packet-trace ${name}`)} ${roff(words)}`,
  ]);
}

/** What DESCRIPTION and OPTIONS do not say of a command. */
function command(name: CommandName): string[] {
  const { summary, about } = COMMAND_TEXTS[name];
  const groups = optionGroups(name).map(({ options: all }) => all);
  const own = groups.flat().filter((option) => !isOfTrace(option));
  const shared = groups
    .flat()
    .filter(isOfTrace)
    .map(({ name: option }) => `\`--${option}\``);
  return [
    `.SS ${name}`,
    ...(name === 'trace' ? [roff(sentence(summary))] : about.flatMap(paragraph).slice(1)),
    ...own.flatMap(optionTerm),
    ...(name === 'trace' || shared.length === 0
      ? []
      : ['.PP', roff(`And of the options below: ${shared.join(', ')}.`)]),
  ];
}

const isOfTrace = (option: NamedOption) => Object.values<Option>(TRACE_OPTIONS).includes(option);

function options(): string[] {
  const ofTrace = optionGroups('trace').flatMap(({ title, options: all }) => [
    `.SS ${title}`,
    ...all.flatMap(optionTerm),
  ]);
  return [
    roff(
      'Values come as `--name VALUE` or `--name=VALUE`, switches also as `--name=false`. Lists are divided by commas, or the option is given several times. These are the options of `trace`, some of which other commands have too.',
    ),
    ...ofTrace,
    '.SS By themselves',
    ...namedOptions(GENERAL_OPTIONS).flatMap(optionTerm),
  ];
}

function optionTerm(option: NamedOption): string[] {
  const forms = optionForm(option)
    .split(', ')
    .map((form) => {
      const [name = '', value] = form.split(' ');
      return value === undefined ? code(name) : `${code(name)} \\fI${roff(value)}\\fR`;
    });
  return ['.TP', forms.join(', '), roff(sentence(describeOption(option)))];
}

function terms(rows: Terms): string[] {
  return rows.flatMap(([term, said]) => ['.TP', term.split(', ').map(code).join(', '), roff(said)]);
}

function paragraph(text: string): string[] {
  return ['.PP', roff(text)];
}

function example(line: string, at: number): string[] {
  return [...(at > 0 ? ['.PP'] : []), '.EX', `    ${code(line)}`, '.EE'];
}

/** Writes dist/packet-trace.1. The day is today, or that of SOURCE_DATE_EPOCH (reproducible-builds.org). */
export async function writeManPage(): Promise<void> {
  const manifest = JSON.parse(await readFile(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
  const { SOURCE_DATE_EPOCH: seconds } = process.env;
  const day = seconds === undefined ? new Date() : new Date(Number(seconds) * 1000);
  await mkdir(distDir, { recursive: true });
  await writeFile(join(distDir, 'packet-trace.1'), manPage(manifest.version, day.toISOString().slice(0, 10)));
}
