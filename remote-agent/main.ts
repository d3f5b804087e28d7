/**
 * The agent: `agent.cjs serve` speaks protocol.ts on its standard streams until they end; `agent.cjs check`
 * prints a CheckReport. It runs as root on the target and lives only as long as its connection.
 */
import { checkTarget } from './modes/check.ts';
import { asAgentError } from '../common/errors.ts';
import { FrameDecoder } from '../common/framing.ts';
import { makeHello } from './hello.ts';
import { useAgentFolder } from './native/native.ts';
import { Output } from './events/output.ts';
import type { CheckReport } from '../common/protocol.ts';
import { Session } from './session.ts';

/** Past this the process ends with its probes armed, and the kernel disarms them. */
const DETACH_LIMIT_MS = 3000;

function serve(): void {
  const output = new Output(process.stdout);
  const session = new Session(output, () => {
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

async function check(): Promise<void> {
  const report: CheckReport = { type: 'check', items: await checkTarget() };
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}

useAgentFolder(__dirname);
switch (process.argv[2]) {
  case 'serve':
    serve();
    break;
  case 'check':
  case '--check':
    void check();
    break;
  default:
    process.stderr.write('usage: agent.cjs serve | check\n');
    process.exitCode = 2;
}
