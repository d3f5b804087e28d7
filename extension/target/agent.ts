import type { Readable } from 'node:stream';
import { PacketTraceError } from '../base/errors.ts';
import type { AgentClosed, AgentConnection } from './connection.ts';
import { connectionLost } from './shell.ts';
import type { ProcessEnd, RunningScript, Shell } from './shell.ts';
import { startAsRoot } from './sudo.ts';
import type { Privilege } from './sudo.ts';

/** The agent detaches its probes at the end of its input; older kernels need a second or so for that. */
const CLOSE_GRACE_MS = 5000;
/** Node's start and the agent's first message; emulated and very small machines are slow. */
const FIRST_MESSAGE_LIMIT_MS = 60_000;

export interface AgentStart {
  shell: Shell;
  privilege: Privilege;
  user: string;
  /** Node, its options, the agent's file and the mode. */
  argv: readonly string[];
  /** Whether it was us who ended the connection. */
  disposed: () => boolean;
}

/**
 * Starts an agent as root and waits until it says something.
 * @throws PacketTraceError `agent-start`, `target-no-privilege`, `connection-lost`
 */
export async function startAgent(start: AgentStart): Promise<AgentConnection> {
  const { shell, argv } = start;
  const running = await startAsRoot(shell, start.privilege, start.user, argv);
  const { process } = running;
  const spoke = await firstByte(process.stdout, process.ended);
  if (!spoke) {
    process.kill();
    const end = await process.ended;
    if (end.lost && !start.disposed() && end.code === undefined) {
      const silent = running.stderr().trim();
      if (silent === '') throw connectionLost(shell);
    }
    throw startFailure(shell, argv, end, running.stderr());
  }
  return connectionTo(running, start.disposed);
}

function connectionTo(running: RunningScript, disposed: () => boolean): AgentConnection {
  const { process } = running;
  const closed = process.ended.then((end): AgentClosed => ({
    exitCode: end.code,
    signal: end.signal,
    connectionLost: end.lost && !disposed(),
    stderr: running.stderr(),
  }));
  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    process.stdin.end();
    const timer = setTimeout(() => process.kill(), CLOSE_GRACE_MS);
    void closed.then(() => clearTimeout(timer));
  };
  return { input: process.stdin, output: process.stdout, closed, close };
}

/** Whether output came before the end; leaves it unread. */
function firstByte(output: Readable, ended: Promise<ProcessEnd>): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (spoke: boolean) => {
      clearTimeout(timer);
      output.off('readable', onReadable).off('end', onEnd);
      resolve(spoke);
    };
    const onReadable = () => {
      const chunk = output.read() as Buffer | null;
      if (chunk === null) return;
      output.unshift(chunk);
      finish(true);
    };
    const onEnd = () => finish(false);
    const timer = setTimeout(onEnd, FIRST_MESSAGE_LIMIT_MS);
    output.on('readable', onReadable).on('end', onEnd);
    void ended.then(onEnd);
  });
}

function startFailure(
  shell: Shell,
  argv: readonly string[],
  end: ProcessEnd,
  stderr: string,
): PacketTraceError {
  const how = end.signal ?? (end.code === undefined ? 'no answer' : `exit code ${end.code}`);
  const lines = stderr.split('\n').filter((line) => !/^\s*$|^\s+at /.test(line));
  const said = lines.slice(-8).join('\n');
  const noexec = said.includes('Permission denied')
    ? ' If the home directory is mounted noexec, log in as a user with another home.'
    : '';
  return new PacketTraceError(
    'agent-start',
    `The agent did not start on ${shell.name} (${how})${said === '' ? '' : `: ${said}`}`,
    `The command was: ${argv.join(' ')}.${noexec}`,
  );
}
