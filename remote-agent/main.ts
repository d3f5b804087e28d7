/**
 * The agent: `agent.cjs serve` speaks common/protocol.ts on its standard streams until they end. It runs as root on
 * the target and lives only as long as its connection.
 */
import { asAgentError } from '../common/errors.ts';
import { FrameDecoder } from '../common/framing.ts';
import { makeHello } from './hello.ts';
import { useAgentFolder } from './native/native.ts';
import { Output } from './events/output.ts';
import { AgentSession } from './session.ts';

/** Past this the process ends with its probes armed, and the kernel disarms them. */
const DETACH_LIMIT_MS = 3000;

function serve(): void {
  const output = new Output(process.stdout);
  const session = new AgentSession(output, () => {
    leave(1, 'the editor is silent');
  });
  let leaving = false;

  function leave(exitCode: number, why?: string): void {
    if (leaving) return;
    leaving = true;
    if (why !== undefined) process.stderr.write(`packet trace agent: ${why}\n`);
    setTimeout(() => process.exit(exitCode), DETACH_LIMIT_MS);
    void session.detach().finally(() => process.exit(exitCode));
  }

  process.stdout.on('error', () => {
    leave(1);
  });
  process.stdin.on('error', () => {
    leave(1);
  });
  process.stdin.on('end', () => {
    leave(0);
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      leave(1, signal);
    });
  process.on('uncaughtException', (error) => {
    output.send(asAgentError(error));
    leave(1, error.stack);
  });

  const decoder = new FrameDecoder((kind, payload) => {
    session.receive(kind, payload);
  });
  output.send(makeHello());
  process.stdin.on('data', (chunk) => {
    if (leaving) return;
    try {
      decoder.push(chunk);
    } catch {
      leave(1, 'what came on standard input is not the agent protocol');
    }
  });
}

useAgentFolder(__dirname);
if (process.argv[2] === 'serve') serve();
else {
  process.stderr.write('usage: agent.cjs serve\n');
  process.exitCode = 2;
}
