/** The script in a real bash, whose words are set as readline sets them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { bashScript } from '../../../../../extension/cli/completion/bash.ts';
import {
  COMMAND_NAMES,
  COMMANDS,
  GENERAL_OPTIONS,
  namedOptions,
} from '../../../../../extension/cli/options.ts';

/** What bash runs in place of what the script calls: the program, and what readline does by itself. */
const STANDINS = `
packet-trace() { [[ "$*" == 'completion hosts' ]] && printf '%s\\n' web1 web2 'db$(x)'; }
compopt() { echo "compopt $*"; }
`;

/** What is offered behind these lines, the cursor at their ends. */
function complete(lines: readonly string[]): string[][] {
  const calls = lines.map((line) => {
    const words = wordsOf(line);
    return `COMP_LINE=${quoted(line)} COMP_POINT=${line.length} COMP_CWORD=${words.length - 1}
COMP_WORDS=(${words.map(quoted).join(' ')}) COMPREPLY=()
_packet_trace packet-trace ${quoted(replaced(line))} ''
printf '%s\\n' "\${COMPREPLY[@]}" ---`;
  });
  const script = [bashScript(), STANDINS, ...calls].join('\n');
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  assert.deepEqual([stderr, status], ['', 0]);
  const answers = stdout.split('---\n').slice(0, -1);
  assert.equal(answers.length, lines.length);
  return answers.map((answer) => answer.split('\n').filter((word) => word !== ''));
}

/** As bash 5.2 divides a line: at blanks outside quotes, and "=", ":" and "@" are words of their own. */
function wordsOf(line: string): string[] {
  const words = line.match(/'[^']*'|[=:@]|[^\s=:@']+/g) ?? [];
  return /\s$/.test(line) ? [...words, ''] : [...words];
}

/** The end of the line that readline replaces by what is offered; "@" begins it, for host names. */
function replaced(line: string): string {
  return /[^\s=:@]*$|@[^\s=:@]*$/.exec(line)?.[0] ?? '';
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function offers(cases: Readonly<Record<string, readonly string[]>>): void {
  const lines = Object.keys(cases);
  const answers = complete(lines.map((line) => `packet-trace ${line}`));
  for (const [at, line] of lines.entries()) assert.deepEqual(answers[at], cases[line], line);
}

test('commands, in one word and in two', () => {
  offers({
    t: ['trace'],
    f: ['functions', 'forget-host', 'filter'],
    'filter ': ['check', 'match'],
    'filter m': ['match'],
    'source i': ['index'],
    'help fil': ['filter'],
    'help filter c': ['check'],
    'help trace ': [],
    'help completion ': [],
    'completion ': ['bash', 'zsh', 'fish'],
    '--json tr': ['trace'],
  });
});

test('every option of each command, and of no other', () => {
  const lines = COMMAND_NAMES.map((name) => `packet-trace ${name === 'help' ? 'help help' : name} -`);
  const answers = complete(lines);
  for (const [at, name] of COMMAND_NAMES.entries()) {
    const expected = namedOptions({ ...COMMANDS[name], help: GENERAL_OPTIONS.help }).map((option) =>
      option.type === 'toggle' && option.default === true ? `--${option.name}=false` : `--${option.name}`,
    );
    assert.deepEqual(answers[at], expected, name);
  }
  offers({ '-': ['--version', '--help'] });
});

test('values, behind a blank or "="', () => {
  const kinds = ['none', 'current', 'relative', 'absolute'];
  offers({
    'trace web1 --timestamp ': kinds,
    'trace web1 --timestamp re': ['relative'],
    'trace web1 --timestamp=': kinds,
    'trace web1 --timestamp=re': ['relative'],
    '--timestamp relative tr': ['trace'],
    'trace --output-met': ['--output-meta=false'],
    'trace --output-meta=f': ['false'],
    'trace web1 --keep-events ': [],
    'trace web1 --json ': [],
  });
});

test('paths and folders are left to readline', () => {
  offers({
    'trace web1 -i ': ['compopt -o default'],
    'trace web1 --identity=/ho': ['compopt -o default'],
    'trace web1 --checkout ~/s': ['compopt -o dirnames'],
    'trace web1 --target-folder /o': [],
    'filter match --pcap a': ['compopt -o default'],
    'source index ~/s': ['compopt -o dirnames'],
  });
});

test('hosts of the SSH configuration, and what one may be called is never run', () => {
  offers({
    'trace ': ['local', 'web1', 'web2', 'db$(x)'],
    'trace root@w': ['@web1', '@web2'],
    'check -v w': ['web1', 'web2'],
    'forget-host ': ['web1', 'web2', 'db$(x)'],
    'filter match --target=root@web': ['@web1', '@web2'],
    "trace --filter-func 'ip_.*' w": ['web1', 'web2'],
  });
});

test('nothing for the words of a filter', () => {
  offers({
    'trace web1 t': [],
    'trace web1 tcp po': [],
    "trace web1 'tcp port 80' --js": ['--json'],
    'trace web1 -- -': [],
  });
});
