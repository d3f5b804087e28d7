/** What is said of each command, in help texts and in the man page; what is code stands in backticks. */
import type { CommandName } from '../options.ts';

export interface CommandText {
  /** One line, for the list of commands: no capital, no full stop. */
  summary: string;
  /** What may stand behind the command's name. */
  usage: readonly string[];
  /** Paragraphs. */
  about: readonly string[];
  /** Whole command lines. */
  examples: readonly string[];
}

export const TAGLINE = 'Packet, where are you? Every kernel function that a packet passes, live.';

export const TARGET_TEXT =
  'TARGET is [user@]host[:port] as for ssh, a host of your SSH configuration, or `local` for this machine.';

const FILTER_TEXT =
  'The filter is one of libpcap (`man 7 pcap-filter`), in one argument or in several. Put "--" before a filter that contains words with a leading dash.';

export const COMMAND_TEXTS: Readonly<Record<CommandName, CommandText>> = {
  trace: {
    summary: 'print each kernel function that packets pass, and each drop',
    usage: ['TARGET [options] [pcap filter]'],
    about: [
      'Prints a line for each function that a matching packet passes and for each drop; status goes to standard error. Ctrl-C detaches and prints totals.',
      TARGET_TEXT,
      `${FILTER_TEXT} Without one every packet is traced.`,
    ],
    examples: [
      "packet-trace trace root@10.0.0.5 'dst host 1.1.1.1 and tcp and dst port 80'",
      'packet-trace trace web1 --timestamp relative --output-meta=false icmp',
      "packet-trace trace local --filter-func 'ip_.*|nf_.*' --json 'udp port 53'",
    ],
  },
  show: {
    summary: 'print a recording as a trace is printed',
    usage: ['FILE [options]'],
    about: [
      'Prints a recording, which `packet-trace trace --output-recording FILE` makes, as the trace was printed or could have been. No target is needed.',
      'Of a recording that was cut off, as when `packet-trace` was killed, all that was written is printed.',
    ],
    examples: ['packet-trace show slow.kpt.arrow', 'packet-trace show slow.kpt.arrow --json'],
  },
  check: {
    summary: 'tell whether a target can be traced',
    usage: ['TARGET [options]'],
    about: [
      'Tells whether a target can be traced, and what to do where it cannot. No probe is attached.',
      TARGET_TEXT,
    ],
    examples: ['packet-trace check admin@web1:2222'],
  },
  functions: {
    summary: 'list the functions that would be probed, and count their calls',
    usage: ['TARGET [options]'],
    about: [
      'Prints which functions would be probed, what each means for a packet, and why others would not be. With `--count` it prints how often each is called, to choose a pattern from.',
      TARGET_TEXT,
    ],
    examples: ["packet-trace functions web1 --filter-func 'nf_.*' --count"],
  },
  clean: {
    summary: 'remove from a target what traces have put there',
    usage: ['TARGET [options]'],
    about: [
      'Removes from a target all that traces have put there, and prints it. A trace that goes on is told of and not ended.',
      TARGET_TEXT,
    ],
    examples: ['packet-trace clean root@10.0.0.5'],
  },
  'forget-host': {
    summary: 'forget the accepted key of a host that was installed anew',
    usage: ['HOST [options]'],
    about: [
      'Forgets the key of a host that was accepted here, so that the next connection asks about its key. HOST is as for ssh, or as error messages name it: `[host]:2222`.',
    ],
    examples: ['packet-trace forget-host router'],
  },
  'filter check': {
    summary: 'tell where a pcap filter is wrong, and how to mend it',
    usage: ['[options] [pcap filter]', '[options] -'],
    about: [
      'Tells what libpcap says of a filter, where it is wrong and how to mend it. No target is needed.',
      'With "-" filters are read from standard input, one a line, and a JSON object is printed for each.',
    ],
    examples: ["packet-trace filter check 'tcp.port == 80'"],
  },
  'filter match': {
    summary: 'print which packets of a capture file a filter matches',
    usage: ['--pcap FILE [options] [pcap filter]', '--pcap FILE [options] -'],
    about: [
      'Prints the numbers, from 1, of the packets of a capture file that a filter matches.',
      'With "-" filters are read from standard input, one a line, and a JSON object is printed for each.',
    ],
    examples: [
      "packet-trace filter match --pcap a.pcap 'port 53'",
      "packet-trace filter match --pcap a.pcap --target web1 'tcp[13] & 2 != 0'",
    ],
  },
  source: {
    summary: 'find where in a kernel checkout a function is defined',
    usage: ['--checkout DIR [options] NAME', '--checkout DIR [options] -'],
    about: [
      'Prints where in a kernel checkout a function is defined. A definition that would be opened without asking is marked with "*".',
      'With "-" names are read from standard input, one a line, each with its module (and its address in hexadecimal) after tabs if known.',
    ],
    examples: ['packet-trace source --checkout ~/src/linux --module vxlan vxlan_rcv'],
  },
  'source index': {
    summary: 'make the index of a kernel checkout anew',
    usage: ['DIR [options]'],
    about: ['Makes the index of a kernel checkout anew, and prints what that took.'],
    examples: ['packet-trace source index ~/src/linux'],
  },
  completion: {
    summary: 'print a script that lets a shell complete words',
    usage: ['bash', 'zsh', 'fish', 'hosts'],
    about: [
      'Prints a script with which a shell completes commands, options, their values, and the hosts of your SSH configuration. `hosts` prints those hosts: it is what the scripts ask.',
      'For bash: `source <(packet-trace completion bash)` in `~/.bashrc`. For zsh: `source <(packet-trace completion zsh)` in `~/.zshrc`, behind `compinit`. For fish: `packet-trace completion fish > ~/.config/fish/completions/packet-trace.fish`.',
    ],
    examples: ['packet-trace completion bash'],
  },
  help: {
    summary: 'tell about a command and its options',
    usage: ['[COMMAND]'],
    about: ['Prints the commands, or of one command its usage, options and examples.'],
    examples: ['packet-trace help trace', 'packet-trace trace --help'],
  },
};
