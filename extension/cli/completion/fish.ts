/** The script for fish, for ~/.config/fish/completions/packet-trace.fish. */
import { COMMAND_NAMES } from '../options.ts';
import {
  type Completed,
  FIRST_WORDS,
  OPERANDS,
  OPTION_WORDS,
  type OptionWord,
  optionWordsOf,
  SECOND_WORDS,
  takesNextWord,
  type Word,
} from './words.ts';

export function fishScript(): string {
  const valued = OPTION_WORDS.filter(takesNextWord).flatMap(({ forms }) => forms);
  const pairs = COMMAND_NAMES.filter((name) => name.includes(' ')).map(quoted);
  const lines = [
    line('__packet_trace_at', offer(FIRST_WORDS)),
    ...SECOND_WORDS.map(([first, words]) => line(`__packet_trace_at ${first}`, offer(words))),
    ...Object.entries(OPERANDS).map(([name, value]) =>
      line(`__packet_trace_wants ${quoted(name)}`, complete(value)),
    ),
    ...optionWordsOf(undefined).map((word) => line("__packet_trace_is ''", optionArguments(word))),
    ...COMMAND_NAMES.flatMap((name) =>
      optionWordsOf(name).map((word) => line(`__packet_trace_is ${quoted(name)}`, optionArguments(word))),
    ),
  ];
  return `# Completion for fish, made by "packet-trace completion fish":
#   packet-trace completion fish > ~/.config/fish/completions/packet-trace.fish

# The words before the cursor that are neither options nor their values.
function __packet_trace_operands
    set -l skips 0
    set -l ended 0
    for word in (commandline -opc)[2..-1]
        if test $skips = 1
            set skips 0
            continue
        end
        if test $ended = 1
            echo -- $word
            continue
        end
        switch $word
            case --
                set ended 1
            case ${valued.join(' ')}
                set skips 1
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# They are these, behind help or not.
function __packet_trace_at
    set -l operands (__packet_trace_operands)
    test "$operands[1]" = help; and set -e operands[1]
    test "$operands" = "$argv"
end

# The command, and then the words behind it; help's is the one that it is asked about.
function __packet_trace_command
    set -l operands (__packet_trace_operands)
    test "$operands[1]" = help; and set -e operands[1]
    switch "$operands[1] $operands[2]"
        case ${pairs.join(' ')}
            echo -- "$operands[1] $operands[2]"
            set -e operands[1..2]
        case '*'
            echo -- "$operands[1]"
            set -e operands[1]
    end
    string join \\n -- $operands
end

function __packet_trace_is
    set -l command (__packet_trace_command)
    test "$command[1]" = "$argv[1]"
end

# Its first operand comes next.
function __packet_trace_wants
    set -l command (__packet_trace_command)
    test "$command[1]" = "$argv[1]" -a (count $command) = 1
    and not contains -- help (__packet_trace_operands)[1]
end

function __packet_trace_hosts
    set -l typed (string replace -r -- '^--[^=]*=' '' (commandline -ct))
    set -l user (string match -r -- '^.*@' $typed)
    set -l program (string replace -r -- '^~' $HOME (commandline -opc)[1])
    for host in ($program completion hosts 2>/dev/null)
        echo -- "$user$host"
    end
end

complete -c packet-trace -f
${lines.join('\n')}
`;
}

function line(condition: string, what: string): string {
  // A word is offered where no option is begun, too.
  const isOption = what.startsWith('-a --');
  const where = isOption ? `${condition}; and string match -q -- "-*" (commandline -ct)` : condition;
  return `complete -c packet-trace -n ${quoted(where)} ${what}`;
}

function optionArguments(word: OptionWord): string {
  const { option, offered, value } = word;
  const about = `-d ${quoted(offered.meaning)}`;
  const short = option.short === undefined ? '' : `-s ${option.short} `;
  if (takesNextWord(word)) return `${short}-l ${option.name} -r ${complete(value)} ${about}`;
  // A long option of fish's has no "=" in its name.
  if (offered.text.includes('=')) return `-a ${offered.text} ${about}`;
  return `${short}-l ${option.name} ${about}`;
}

function complete(what: Completed): string {
  switch (what) {
    case 'path':
      return '-F';
    case 'folder':
      return "-f -a '(__fish_complete_directories)'";
    case 'target':
      return "-f -a 'local (__packet_trace_hosts)'";
    case 'host':
      return "-f -a '(__packet_trace_hosts)'";
    case 'nothing':
      return '-f';
    default:
      return offer(what);
  }
}

function offer(words: readonly Word[]): string {
  const described = words.map(({ text, meaning }) => `${text}\\t${quoted(meaning)}`);
  return `-f -a ${quoted(described.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
