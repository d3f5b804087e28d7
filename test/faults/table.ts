/**
 * What goes wrong in the field, and the tests that play it. Each of them asserts that what was received is kept, that
 * what was not is counted, that the message names the cause and the next step, and that no probe is left, as far as
 * that fault goes.
 */
export interface Fault {
  fault: string;
  /** Below test/. */
  file: string;
  /** The whole name of a test in it, or the beginning of names that go on with what differs. */
  test: string;
}

const AGENT = 'lab/agent/agent.test.ts';
const CHANGES = 'lab/agent/target-changes.test.ts';
const FILTER_CHANGE = 'lab/agent/filter-change.test.ts';
const LINKS = 'lab/agent/links.test.ts';
const OVERLOAD = 'lab/agent/overload.test.ts';
const FAULTS_OF_TRACES = 'lab/terminal/faults.test.ts';
const TARGET = 'lab/terminal/target.test.ts';
const CAPTURE_FILE = 'unit/extension/filter/capture-file/file.test.ts';
const FILTER_COMPILER = 'unit/extension/filter/filter-compiler.test.ts';

/** Rows of one file stand together: a guest of its suites is booted once for all of them. */
export const FAULTS: readonly Fault[] = [
  // The way to the target.
  { fault: 'the SSH connection is cut', file: FAULTS_OF_TRACES, test: 'the SSH connection is cut' },
  {
    fault: 'the SSH connection is cut during the upload',
    file: 'unit/extension/target/deploy/over-ssh.test.ts',
    test: 'cut in the middle of the upload: connection-lost',
  },
  {
    fault: 'it is silent for a while (SIGSTOP)',
    file: FAULTS_OF_TRACES,
    test: 'the connection falls silent for a while',
  },
  {
    fault: 'it is slow and loses much',
    file: LINKS,
    test: '2 s of delay and 28 % loss: nothing ends, all is delivered',
  },
  {
    fault: 'it is slow, and much is left at the stop',
    file: LINKS,
    test: '64 kbit/s and a full ring buffer at the stop',
  },
  {
    fault: 'the target was booted before we are back',
    file: 'unit/extension/tracing/reconnect.test.ts',
    test: 'a target that was booted meanwhile is another one: the capture ends, and says why',
  },
  {
    fault: 'a changed host key',
    file: FAULTS_OF_TRACES,
    test: 'a changed host key is refused, and no password asked for',
  },
  {
    fault: 'a wrong sudo password',
    file: TARGET,
    test: 'sudo with a password: asked again when wrong, seen by nobody',
  },
  // What ends on either side.
  { fault: 'the agent is killed', file: FAULTS_OF_TRACES, test: 'the agent is killed' },
  { fault: 'packet-trace is killed', file: FAULTS_OF_TRACES, test: 'packet-trace itself is killed' },
  { fault: 'the target has no memory left', file: FAULTS_OF_TRACES, test: 'the target runs out of memory' },
  { fault: 'the target has no space left', file: FAULTS_OF_TRACES, test: 'no space for the upload' },
  { fault: 'the target reboots', file: FAULTS_OF_TRACES, test: 'the target reboots' },
  // More than there is room for.
  {
    fault: 'a reader that is too slow',
    file: 'unit/extension/cli/commands/trace-memory.test.ts',
    test: 'a reader that is too slow gets the newest, and is told what it does not get',
  },
  {
    fault: 'a terminal that is stopped (Ctrl-S)',
    file: 'unit/extension/cli/output/terminal-output.test.ts',
    test: 'a terminal that takes nothing holds nothing up',
  },
  {
    fault: 'more packets than can be told of',
    file: OVERLOAD,
    test: 'what matched is delivered or counted as lost, exactly',
  },
  {
    fault: 'more packets than can be followed',
    file: OVERLOAD,
    test: 'packets beyond the number of lives are told, and counted',
  },
  {
    fault: 'two traces at once',
    file: FAULTS_OF_TRACES,
    test: 'two traces at once, each with its own filter and end',
  },
  // What comes from others.
  {
    fault: 'frames that are malformed',
    file: 'unit/extension/tracing/malformed-frames.test.ts',
    test: 'malformed frames are taken in or refused, each as what it is',
  },
  {
    fault: 'an agent that lies',
    file: 'unit/extension/tracing/hostile-agent.test.ts',
    test: 'during a trace: ',
  },
  { fault: 'a capture file that is damaged', file: CAPTURE_FILE, test: 'damage is told: ' },
  {
    fault: 'a capture file that was cut',
    file: CAPTURE_FILE,
    test: 'of a file that was cut, what is whole is read',
  },
  {
    fault: 'a file that is no capture file',
    file: CAPTURE_FILE,
    test: 'what is no capture file is refused by name',
  },
  {
    fault: 'hostile names of processes, devices and functions',
    file: 'unit/extension/cli/output/text-format.test.ts',
    test: 'what a target calls its processes, devices and functions cannot speak to the terminal',
  },
  {
    fault: 'hostile names in JSON',
    file: 'unit/extension/cli/output/json-format.test.ts',
    test: 'a line is safe on a terminal, whatever a target wrote',
  },
  {
    fault: 'hostile words of sudo',
    file: 'unit/extension/target/root/root.test.ts',
    test: 'what sudo says cannot act on a terminal',
  },
  {
    fault: 'a filter that is too large for the kernel',
    file: FILTER_CHANGE,
    test: 'a filter that is too large for the kernel says so, and leaves the old one in force',
  },
  {
    fault: 'a filter that the kernel cannot run',
    file: FILTER_CHANGE,
    test: 'a filter that is refused leaves the old one in force',
  },
  {
    fault: 'a filter that takes too long to optimise',
    file: FILTER_COMPILER,
    test: 'uses the plain program past the deadline, and says that it costs more',
  },
  {
    fault: 'a filter that takes too long at all',
    file: FILTER_COMPILER,
    test: 'refuses a filter for which even the plain program takes too long',
  },
  {
    fault: 'a filter without an end to its brackets',
    file: FILTER_COMPILER,
    test: 'refuses endless nesting instead of crashing',
  },
  // What a target lacks or forbids.
  { fault: 'a user without privileges', file: FAULTS_OF_TRACES, test: 'a user without privileges' },
  { fault: 'no BTF', file: FAULTS_OF_TRACES, test: 'a kernel without BTF' },
  { fault: 'no Node', file: TARGET, test: 'Node and the agent are uploaded, once' },
  {
    fault: 'an old Node',
    file: FAULTS_OF_TRACES,
    test: 'an old Node in PATH is passed over and another uploaded',
  },
  {
    fault: 'a Node that hangs',
    file: 'unit/extension/target/platform.test.ts',
    test: 'is passed over, and the next one is found',
  },
  {
    fault: 'Electron in place of Node, on this machine',
    file: 'unit/extension/target/local.test.ts',
    test: 'in Electron, on a machine without Node, ours is put there',
  },
  {
    fault: 'addresses, ftrace or tracefs that are not to be had',
    file: AGENT,
    test: 'a check and a trace say the same where ',
  },
  {
    fault: 'a kernel that is locked down',
    file: AGENT,
    test: 'a kernel that is locked down for confidentiality',
  },
  // What changes while a trace runs.
  {
    fault: 'a clock, a namespace and a CPU that change',
    file: CHANGES,
    test: 'a namespace is deleted, the clock is stepped, a CPU goes and comes back',
  },
  { fault: 'a module is unloaded', file: CHANGES, test: 'a module is unloaded' },
  { fault: 'a module is loaded', file: AGENT, test: 'probes a module that is loaded meanwhile' },
];
