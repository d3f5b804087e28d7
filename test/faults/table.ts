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
const OVERLOAD = 'lab/agent/overload.test.ts';
const FAULTS_OF_TRACES = 'lab/terminal/faults.test.ts';
const TARGET = 'lab/terminal/target.test.ts';

export const FAULTS: readonly Fault[] = [
  { fault: 'the SSH connection is cut', file: FAULTS_OF_TRACES, test: 'the SSH connection is cut' },
  {
    fault: 'it is silent for a while',
    file: FAULTS_OF_TRACES,
    test: 'the connection falls silent for a while',
  },
  { fault: 'the agent is killed', file: FAULTS_OF_TRACES, test: 'the agent is killed' },
  { fault: 'packet-trace is killed', file: FAULTS_OF_TRACES, test: 'packet-trace itself is killed' },
  { fault: 'the target has no memory left', file: FAULTS_OF_TRACES, test: 'the target runs out of memory' },
  { fault: 'the target has no space left', file: FAULTS_OF_TRACES, test: 'no space for the upload' },
  { fault: 'the target reboots', file: FAULTS_OF_TRACES, test: 'the target reboots' },
  {
    fault: 'it was booted before we are back',
    file: 'unit/extension/tracing/reconnect.test.ts',
    test: 'a target that was booted meanwhile is another one: the capture ends, and says why',
  },
  {
    fault: 'a reader that is too slow',
    file: 'unit/extension/cli/commands/trace-memory.test.ts',
    test: 'a reader that is too slow gets the newest, and is told what it does not get',
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
  {
    fault: 'frames that are malformed',
    file: 'unit/extension/tracing/malformed-frames.test.ts',
    test: '',
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
  { fault: 'a user without privileges', file: FAULTS_OF_TRACES, test: 'a user without privileges' },
  { fault: 'no BTF', file: FAULTS_OF_TRACES, test: 'a kernel without BTF' },
  { fault: 'no Node', file: TARGET, test: 'Node and the agent are uploaded, once' },
  {
    fault: 'a filter that is too large',
    file: 'lab/agent/filter-change.test.ts',
    test: 'a filter that is refused leaves the old one in force',
  },
  {
    fault: 'a clock, a namespace and a CPU that change',
    file: CHANGES,
    test: 'a namespace is deleted, the clock is stepped, a CPU goes and comes back',
  },
  { fault: 'a module is unloaded', file: CHANGES, test: 'a module is unloaded' },
  { fault: 'a module is loaded', file: AGENT, test: 'probes a module that is loaded meanwhile' },
];
