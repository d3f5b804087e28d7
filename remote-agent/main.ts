/**
 * The agent: `agent.cjs serve` speaks common/protocol.ts on its standard streams until they end. It runs as root on
 * the target and lives only as long as its connection.
 */
import { asAgentError } from '../common/errors.ts';
import { FrameDecoder } from '../common/framing.ts';
import { AgentExit } from '../common/protocol.ts';
import { makeHello } from './hello.ts';
import { useAgentFolder } from './native/native.ts';
import { Output } from './events/output.ts';
import { AgentSession, protocolFailure } from './session.ts';

/** Past this the process ends as it is, and the kernel disarms the probes that are left. */
const LEAVE_LIMIT_MS = 3000;

function serve(): void {
  const output = new Output(process.stdout);
  const session = new AgentSession(output, () => {
    leave(AgentExit.Silence);
  });
  let leaving = false;

  /** @param error to be told to the editor, behind what is on its way already */
  function leave(exitCode: number, why?: string, error?: unknown): void {
    if (leaving) return;
    leaving = true;
    if (why !== undefined) process.stderr.write(`packet trace agent: ${why}\n`);
    if (error !== undefined) output.send(asAgentError(error));
    setTimeout(() => process.exit(exitCode), LEAVE_LIMIT_MS);
    void session
      .detach()
      .then(() => (error === undefined ? undefined : output.flushed()))
      .finally(() => process.exit(exitCode));
  }

  process.stdout.on('error', () => {
    leave(AgentExit.Failed);
  });
  process.stdin.on('error', () => {
    leave(AgentExit.Failed);
  });
  process.stdin.on('end', () => {
    leave(AgentExit.Ok);
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      leave(AgentExit.Failed, signal);
    });
  process.on('uncaughtException', (error) => {
    leave(AgentExit.Failed, error.stack, error);
  });

  const decoder = new FrameDecoder((kind, payload) => {
    session.receive(kind, payload);
  });
  output.send(makeHello());
  process.stdin.on('data', (chunk) => {
    if (leaving) return;
    try {
      decoder.push(chunk);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      const failure = protocolFailure(`The agent cannot read its requests: ${what}.`);
      leave(AgentExit.Failed, `what came on standard input is not the agent protocol: ${what}`, failure);
    }
  });
}

useAgentFolder(__dirname);
if (process.argv[2] === 'serve') serve();
else {
  process.stderr.write('usage: agent.cjs serve\n');
  process.exitCode = AgentExit.Usage;
}
