/**
 * `npm run options`: writes what is made of the tables of options (extension/tracing/options/, extension/cli/options.ts)
 * into package.json, package.nls.json and docs/options.md. A test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { optionForm } from '../extension/cli/help/help-text.ts';
import {
  COMMAND_NAMES,
  COMMANDS,
  GENERAL_OPTIONS,
  namedOptions,
  type NamedOption,
} from '../extension/cli/options.ts';
import { COLUMNS } from '../extension/recording/file/columns.ts';
import { describeOption, sentence } from '../extension/tracing/options/describe.ts';
import type { Option, OptionTable } from '../extension/tracing/options/option.ts';
import { launchSchema, launchTexts } from '../extension/tracing/options/schema.ts';
import { TRACE_OPTION_GROUPS, TRACE_OPTIONS } from '../extension/tracing/options/trace-options.ts';
import { repoRoot } from './paths.ts';

interface Manifest {
  contributes: {
    debuggers: { configurationAttributes: { launch: { properties: Record<string, object> } } }[];
  };
}

/** The files as they should be, by their paths in the repository. */
export function optionFiles(): Record<string, string> {
  return {
    'package.json': json(withSchema(JSON.parse(read('package.json')) as Manifest)),
    'package.nls.json': json(withTexts(JSON.parse(read('package.nls.json')) as Record<string, string>)),
    'docs/options.md': optionsDocument(),
    'docs/recordings.md': withColumns(read('docs/recordings.md')),
  };
}

/** The columns of a recording's file, from the mark on. */
function withColumns(text: string): string {
  const mark = '<!-- Made by "npm run options" from extension/recording/file/columns.ts. -->\n';
  const [before = ''] = text.split(mark);
  const rows = Object.entries<{ type: unknown; doc: string; nullable?: boolean }>(COLUMNS).map(
    ([name, { type, doc, nullable = false }]) => [
      `\`${name}\``,
      `${String(type)}${nullable ? ', may be null' : ''}`,
      doc,
    ],
  );
  return `${before}${mark}\n${markdownTable(['column', 'type', 'meaning'], rows)}\n`;
}

function withSchema(manifest: Manifest): Manifest {
  const launch = manifest.contributes.debuggers[0]?.configurationAttributes.launch;
  if (launch === undefined) throw new Error('package.json contributes no debugger');
  const { target = {} } = launch.properties;
  launch.properties = { target, ...launchSchema(TRACE_OPTIONS) };
  return manifest;
}

/** The texts stay where the first of them is. */
function withTexts(texts: Record<string, string>): Record<string, string> {
  const isOurs = (key: string) => key.startsWith('launch.') && key !== 'launch.target';
  const all = Object.entries(texts);
  const others = all.filter(([key]) => !isOurs(key));
  const at = others.findIndex(([key]) => key === 'launch.target') + 1;
  const ours = Object.entries(launchTexts(TRACE_OPTIONS));
  return Object.fromEntries([...others.slice(0, at), ...ours, ...others.slice(at)]);
}

function optionsDocument(): string {
  const ofTrace = Object.entries(TRACE_OPTION_GROUPS).map(
    ([title, table]) =>
      `### ${title}\n\n${markdownTable(['option', 'launch.json', 'meaning'], Object.entries(table).map(traceRow))}`,
  );
  const others = COMMAND_NAMES.filter((command) => command !== 'trace').flatMap((command) => {
    const own = namedOptions(COMMANDS[command]).filter((option) => !isOfTrace(option));
    return own.map((option) => [`\`${command}\``, form(option), meaning(option)]);
  });
  const general = namedOptions(GENERAL_OPTIONS).map((option) => ['', form(option), meaning(option)]);
  const shared = COMMAND_NAMES.filter((command) => command !== 'trace').flatMap((command) => {
    const names = namedOptions(COMMANDS[command]).filter(isOfTrace);
    const list = names.map(({ name }) => `\`--${name}\``).join(', ');
    return list === '' ? [] : [`- \`${command}\`: ${list}`];
  });
  return `# Options

<!-- Made by "npm run options" from extension/tracing/options/ and extension/cli/options.ts. -->

Options of a trace are the same in the terminal (\`packet-trace trace TARGET [options] [pcap filter]\`) and in a debug
configuration of launch.json, where they have the names of the second column; one without a name in a column is not
there. Those that pwru has too have its names. Values come as \`--name VALUE\` or \`--name=VALUE\`; switches also as
\`--name=false\`. Lists are divided by commas, or the option is given several times.

## Of a trace

${ofTrace.join('\n\n')}

## Of other commands

These have some of a trace's options too:

${shared.join('\n')}

and of their own:

${markdownTable(['command', 'option', 'meaning'], [...others, ...general])}
`;
}

const isOfTrace = (option: NamedOption) => Object.values<Option>(TRACE_OPTIONS).includes(option);

function traceRow([key, option]: [string, OptionTable[string]]): string[] {
  const named = option.name === undefined ? '' : form({ ...option, name: option.name });
  return [named, option.launch === true ? `\`${key}\`` : '', meaning(option)];
}

function form(option: NamedOption): string {
  return optionForm(option)
    .split(', ')
    .map((each) => `\`${each}\``)
    .join(', ');
}

function meaning(option: Option): string {
  const said = [describeOption(option), option.docs, example(option)];
  return said
    .filter((each) => each !== undefined)
    .map(sentence)
    .join(' ');
}

function example(option: Option): string | undefined {
  if (option.type !== 'text' && option.type !== 'list') return undefined;
  const value = /^[\w./~:,=-]+$/.test(option.example) ? option.example : `'${option.example}'`;
  return `Example: \`${option.name === undefined ? value : `--${option.name} ${value}`}\``;
}

/** Not padded: a row that is added changes no other. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const lines = [line(head), line(head.map(() => '---')), ...rows.map(line)];
  return ['<!-- prettier-ignore -->', ...lines].join('\n');
}

function read(path: string): string {
  return readFileSync(join(repoRoot, path), 'utf8');
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [path, text] of Object.entries(optionFiles())) writeFileSync(join(repoRoot, path), text);
