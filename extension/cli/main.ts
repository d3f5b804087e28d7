/**
 * `packet-trace`: the terminal front end. In come arguments, which command-line.ts makes a command of by the tables
 * of options.ts; out go lines on standard output, status on standard error, and an exit code. Read commands/trace.ts
 * next.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { asPacketTraceError } from '../base/errors.ts';
import { hostKeyFile } from '../target/ssh/host-key-file.ts';
import { startTrace } from '../tracing/start-trace.ts';
import { checkTarget, countFunctions, planOf } from '../tracing/with-agent.ts';
import { cleanTarget } from '../target/clean.ts';
import { checkCommand } from './commands/check.ts';
import { functionsCommand } from './commands/functions.ts';
import { cleanCommand } from './commands/clean.ts';
import type { Environment } from './environment.ts';
import { ExitCode } from './exit-codes.ts';
import { forgetHostCommand } from './commands/forget-host.ts';
import { filterCheckCommand } from './commands/filter-check.ts';
import { filterMatchCommand } from './commands/filter-match.ts';
import { parseCommandLine } from './command-line.ts';
import { completionScript } from './completion/completion-script.ts';
import { hostLines } from './completion/hosts.ts';
import { helpText } from './help/help-text.ts';
import { hasColors } from './output/color.ts';
import { withoutWaiting } from './output/terminal-output.ts';
import type { Command } from './options.ts';
import { reportError } from './report-error.ts';
import { sourceIndexCommand } from './commands/source-index.ts';
import { showCommand } from './commands/show.ts';
import { sourceCommand } from './commands/source.ts';
import { traceCommand } from './commands/trace.ts';

const stdout = withoutWaiting(process.stdout);
const stderr = withoutWaiting(process.stderr);

async function main(args: readonly string[]): Promise<ExitCode> {
  const { stdin } = process;
  const version = packageVersion();
  const hostKeys = hostKeyFile(
    hostKeyPath(process.env),
    (host) => `forget the old key: packet-trace forget-host '${host}'`,
  );
  const environment = (): Environment => ({
    ...interruptible(),
    stdin,
    stdout,
    stderr,
    hasColors: hasColors(stdout, process.env),
    distDir: __dirname,
    version,
    hostKeys,
  });
  let command: Command;
  try {
    command = parseCommandLine(args);
  } catch (error) {
    return reportError(asPacketTraceError(error), { json: args.includes('--json') }, { stdout, stderr });
  }
  switch (command.name) {
    case 'help':
      stdout.write(helpText(command.of));
      return args.length === 0 ? ExitCode.Usage : ExitCode.Ok;
    case 'completion':
      stdout.write(command.of === 'hosts' ? await hostLines() : completionScript(command.of));
      return ExitCode.Ok;
    case 'version':
      stdout.write(`packet-trace ${version}\n`);
      return ExitCode.Ok;
    case 'trace':
      return traceCommand(command, environment(), startTrace);
    case 'show':
      return showCommand(command, environment());
    case 'check':
      return checkCommand(command, environment(), checkTarget);
    case 'functions':
      return functionsCommand(command, environment(), { planOf, countFunctions });
    case 'clean':
      return cleanCommand(command, environment(), cleanTarget);
    case 'forget-host':
      return forgetHostCommand(command, environment(), hostKeys);
    case 'filter check':
      return filterCheckCommand(command, environment());
    case 'filter match':
      return filterMatchCommand(command, environment());
    case 'source':
      return sourceCommand(command, environment());
    case 'source index':
      return sourceIndexCommand(command, environment());
  }
}

/** The bundle lies in dist/, beside package.json's folder. */
function packageVersion(): string {
  const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Where the terminal keeps the host keys that the user accepted. */
function hostKeyPath(env: NodeJS.ProcessEnv): string {
  const config = env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  return join(config, 'kernel-packet-trace', 'known_hosts');
}

/** Ctrl-C once: stop and print totals. Twice: leave at once; the target cleans up when the connection is gone. */
function interruptible(): Pick<Environment, 'interrupt' | 'onCtrlC'> {
  const controller = new AbortController();
  const onCtrlC = () => {
    if (controller.signal.aborted) leaveAtOnce();
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onCtrlC);
  return { interrupt: controller.signal, onCtrlC };
}

/** A plain exit waits for the thread that writes to a terminal, which may have been stopped. */
function leaveAtOnce(): never {
  if (stdout.writableLength + stderr.writableLength > 0) process.kill(process.pid, 'SIGKILL');
  process.exit(ExitCode.Interrupted);
}

// A reader that is gone (`| head`) ends the trace, quietly: the printer hears of it, nobody else needs to.
stdout.on('error', () => undefined);
stderr.on('error', () => undefined);

void main(process.argv.slice(2)).then((code) => {
  // What was written reaches pipes before the process ends.
  stdout.write('', () => stderr.write('', () => process.exit(code)));
});
