import { EXIT_CODES } from './exit-codes.ts';
import { type HelpTopic, optionsOf, type OptionSpec } from './options.ts';

const WIDTH = 79;
const INDENT = 33;
const SOURCE_INDENT = 24;

/** The form in which an option is written, e.g. `-i, --identity FILE`. */
export function optionForm({ name, short, argument }: OptionSpec): string {
  const dashed = `${short === undefined ? '' : `-${short}, `}--${name}`;
  return argument === undefined ? dashed : `${dashed} ${argument}`;
}

/** What `help` and --help print. */
export function helpText(topic: HelpTopic): string {
  return topic === 'source' ? sourceHelpText() : generalHelpText();
}

function generalHelpText(): string {
  return `Packet, where are you? Every kernel function that a packet passes, live.

Usage:
  packet-trace trace TARGET [options] [pcap filter]
  packet-trace check TARGET [options]
  packet-trace clean TARGET [options]
  packet-trace forget-host HOST
  packet-trace filter check [--link TYPE] [--no-optimize] [pcap filter | -]
  packet-trace filter match --pcap FILE [options] [pcap filter | -]
  packet-trace source --checkout DIR NAME
  packet-trace help [COMMAND]                (source has a text of its own)

TARGET is [user@]host[:port] as for ssh, a host of your SSH configuration, or
local for this machine. The filter is libpcap's (man 7 pcap-filter), in one
argument or in several; without one every packet is traced. Put "--" before a
filter that contains words with a leading dash.

trace prints a line for each function that a matching packet passes and for
each drop; status goes to standard error. Ctrl-C detaches and prints totals.
check tells whether a target can be traced, and what to do where it cannot.
clean removes from a target all that traces have put there, and prints it.
forget-host forgets the accepted key of a host that was installed anew.
filter check tells what libpcap says of a filter, where it is wrong and how to
mend it. filter match prints the numbers of the packets of a capture file that
a filter matches. With "-" both read filters from standard input, one a line,
and print a JSON object a line.

Options:
${optionsOf(undefined)
  .map((option) => optionHelp(option, INDENT))
  .join('\n')}

Exit codes:
${EXIT_CODES.map(([code, meaning]) => columns(`  ${code}`, meaning, 7)).join('\n')}

Examples:
  packet-trace trace root@10.0.0.5 'dst host 1.1.1.1 and tcp and dst port 80'
  packet-trace trace web1 --timestamp relative --output-meta=false icmp
  packet-trace trace local --filter-func 'ip_.*|nf_.*' --json 'udp port 53'
  packet-trace check admin@web1:2222
  packet-trace filter check 'tcp.port == 80'
  packet-trace filter match --pcap a.pcap --target web1 'tcp[13] & 2 != 0'
`;
}

function sourceHelpText(): string {
  return `Where in a kernel checkout a function is defined.

Usage:
  packet-trace source --checkout DIR [options] NAME
  packet-trace source --checkout DIR [options] -
  packet-trace source index DIR

With "-" names are read from standard input, one a line, each with its module
(and its address in hexadecimal) after tabs if known. A definition that would
be opened without asking is marked with "*". index makes the index anew and
prints what that took.

Options:
${optionsOf('source')
  .map((option) => optionHelp(option, SOURCE_INDENT))
  .join('\n')}
`;
}

function optionHelp(option: OptionSpec, indent: number): string {
  return columns(`  ${option.short === undefined ? '    ' : ''}${optionForm(option)}`, option.help, indent);
}

/** A term and its explanation, which is wrapped and indented. */
function columns(term: string, explanation: string, indent: number): string {
  const lines: string[] = [];
  let line = term.length < indent ? term.padEnd(indent) : `${term}\n${' '.repeat(indent)}`;
  for (const word of explanation.split(' ')) {
    const length = line.length - (line.lastIndexOf('\n') + 1);
    if (length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
