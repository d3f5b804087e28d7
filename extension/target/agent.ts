import type { Readable } from 'node:stream';
import { PacketTraceError } from '../base/errors.ts';
import type { AgentClosed, AgentConnection } from './connection.ts';
import { removeDamaged } from './deploy/place.ts';
import { EXIT_DAMAGED, type Placed } from './deploy/placed.ts';
import type { Root } from './root/root.ts';
import type { RootSession } from './root/session.ts';
import { connectionLost } from './shell.ts';
import type { ProcessEnd, RunningScript } from './shell.ts';

/** The agent detaches its probes at the end of its input; older kernels need a second or so for that. */
const CLOSE_GRACE_MS = 5000;
/** Node's start and the agent's first message; emulated and very small machines are slow. */
const FIRST_MESSAGE_LIMIT_MS = 60_000;

export interface AgentStart {
  root: Root;
  placed: Placed;
  /** Puts what was found damaged there again. */
  placeAgain: (session: RootSession) => Promise<Placed>;
  /** Whether it was us who ended the connection. */
  disposed: () => boolean;
}

/**
 * Starts an agent as root and waits until it says something.
 * @throws PacketTraceError `agent-start`, `target-no-privilege`, `connection-lost`, `deploy`
 */
export async function startAgent({
  root,
  placed,
  placeAgain,
  disposed,
}: AgentStart): Promise<AgentConnection> {
  const session = await root.take();
  const host = session.name;
  const running = await become(session, placed, placeAgain);
  const { process } = running;
  const spoke = await firstByte(process.stdout, process.ended);
  if (!spoke) {
    process.kill();
    const end = await process.ended;
    if (end.lost && !disposed() && end.code === undefined) {
      const silent = running.stderr().trim();
      if (silent === '') throw connectionLost({ name: host });
    }
    throw startFailure(host, placed.argv, end, running.stderr());
  }
  return connectionTo(running, disposed);
}

async function become(
  session: RootSession,
  placed: Placed,
  placeAgain: AgentStart['placeAgain'],
): Promise<RunningScript> {
  let started = await session.become(placed.check, placed.argv);
  if (!('process' in started) && started.code === EXIT_DAMAGED) {
    await removeDamaged(session, started.output);
    const again = await placeAgain(session);
    started = await session.become(again.check, again.argv);
  }
  if ('process' in started) return started;
  session.dispose();
  throw new PacketTraceError(
    'deploy',
    `What root would run on ${session.name} is not what was put there: ${started.output.trim() || `exit code ${started.code}`}.`,
    'Connect again; if it repeats, check the disk of the target and that it has sha256sum, or name another folder: --target-folder, packetTrace.target.folder.',
  );
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
  host: string,
  argv: readonly string[],
  end: ProcessEnd,
  stderr: string,
): PacketTraceError {
  const how = end.signal ?? (end.code === undefined ? 'no answer' : `exit code ${end.code}`);
  const lines = stderr.split('\n').filter((line) => !/^\s*$|^\s+at /.test(line));
  const said = lines.slice(-8).join('\n');
  // dlopen(3) says the second where a folder was mounted noexec since.
  const noexec = /Permission denied|failed to map segment/.test(said)
    ? ' If its folder is mounted noexec, name another: --target-folder, packetTrace.target.folder.'
    : '';
  return new PacketTraceError(
    'agent-start',
    `The agent did not start on ${host} (${how})${said === '' ? '' : `: ${said}`}`,
    `The command was: ${argv.join(' ')}.${noexec}`,
  );
}
