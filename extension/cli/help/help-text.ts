/** What `packet-trace help` prints: an overview, or the text of a command, made from the tables of options. */
import { describeOption, plain } from '../../tracing/options/describe.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  COMMAND_NAMES,
  type CommandName,
  commandsOf,
  GENERAL_OPTIONS,
  type HelpTopic,
  type NamedOption,
  namedOptions,
} from '../options.ts';
import { COMMAND_TEXTS, TAGLINE, TARGET_TEXT } from './command-texts.ts';
import { columns, paragraph } from './lay-out.ts';
import { optionGroups } from './option-groups.ts';

const INDENT = 33;
const SUMMARY_INDENT = 16;

/** The form in which an option is written, e.g. `-i, --identity FILE`. */
export function optionForm(option: NamedOption): string {
  const dashed = `${option.short === undefined ? '' : `-${option.short}, `}--${option.name}`;
  return option.type === 'toggle' ? dashed : `${dashed} ${option.value}`;
}

/** What `help` and --help print. @param topic of several commands, as `filter`, the texts of all */
export function helpText(topic: HelpTopic): string {
  if (topic === undefined) return overview();
  const texts = commandsOf(topic).map(commandText);
  const codes = EXIT_CODES.map(([code, meaning]) => columns(`  ${code}`, meaning, 7));
  return `${[...texts, section('Exit codes', codes)].join('\n\n')}\n`;
}

function overview(): string {
  const commands = COMMAND_NAMES.map((name) =>
    columns(`  ${name}`, COMMAND_TEXTS[name].summary, SUMMARY_INDENT),
  );
  return `${TAGLINE}

Usage:
  packet-trace COMMAND [options] ...

${section('Commands', commands)}

${section('Options', namedOptions(GENERAL_OPTIONS).map(optionHelp))}

${section(
  'Examples',
  (['trace', 'check'] as const).flatMap((name) => COMMAND_TEXTS[name].examples.map(indented)),
)}

${paragraph(plain(TARGET_TEXT))}
"packet-trace help COMMAND" tells the options of a command, with examples, and
what exit codes mean; "packet-trace help trace" is the one to begin with.
`;
}

function commandText(name: CommandName): string {
  const { usage, about, examples } = COMMAND_TEXTS[name];
  return [
    section(
      'Usage',
      usage.map((words) => indented(`packet-trace ${name} ${words}`)),
    ),
    ...about.map((text) => paragraph(plain(text))),
    ...optionGroups(name).map(({ title, options }) => section(title, options.map(optionHelp))),
    section('Examples', examples.map(indented)),
  ].join('\n\n');
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines].join('\n');
}

const indented = (line: string) => `  ${line}`;

function optionHelp(option: NamedOption): string {
  const form = `  ${option.short === undefined ? '    ' : ''}${optionForm(option)}`;
  return columns(form, plain(describeOption(option)), INDENT);
}
