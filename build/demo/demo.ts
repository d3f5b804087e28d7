/**
 * `npm run demo [-- --headless | --screenshot FILE]`: a guest drops a packet in netfilter; a real workbench shows where. Builds and
 * boots everything it needs. With --headless it looks itself and ends; its exit code is 0 only if the packet's
 * trajectory ended in NETFILTER_DROP. --screenshot FILE, headless too, saves what it saw: the README's picture.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bootGuest, type Guest } from '../../test/lab/guests/guest.ts';
import { kernelSource } from '../packages/kernel-source.ts';
import { packageVsix } from '../package.ts';
import { startWorkbench, type Workbench } from '../workbench/workbench.ts';
import { DEMO, DEMO_HOST } from './scenario.ts';
import { sshConfigFor } from './ssh-config.ts';
import { startTerminalTrace, type TerminalTrace } from './terminal.ts';
import { showTrajectory } from './tour.ts';

const started = Date.now();
const { values: options } = parseArgs({
  options: { headless: { type: 'boolean', default: false }, screenshot: { type: 'string' } },
});
const headless = options.headless || options.screenshot !== undefined;

/** A person's demo makes a packet this often, and ends by itself some time. */
const TRAFFIC_INTERVAL_MS = 5_000;
const LONGEST_DEMO_MS = 4 * 3600 * 1000;

function log(line: string): void {
  process.stderr.write(`[${((Date.now() - started) / 1000).toFixed(0).padStart(3)} s] ${line}\n`);
}

/** Released in reverse order, whatever happens. */
const cleanup: (() => Promise<unknown>)[] = [];

async function main(): Promise<void> {
  log('preparing: the lab guest (Debian 6.12), kernel source, the extension');
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());

  const booting = bootGuest({ kernel: '6.12', userland: 'node', log, signal: stop.signal });
  const [guest, source, vsix] = await Promise.all([
    booting.then((value) => (cleanup.push(() => value.stop()), value)),
    kernelSource('6.12', log),
    packageVsix(),
  ]);
  log(`guest ${guest.release} is up; kernel source in ${source}`);
  const rule = await guest.exec(DEMO.setup);
  if (rule.code !== 0) throw new Error(`the guest refused the netfilter rule: ${rule.stderr}`);

  const home = await mkdtemp(join(tmpdir(), 'kpt-demo-'));
  cleanup.push(() => rm(home, { recursive: true, force: true }));
  const sshConfig = sshConfigFor(guest, DEMO_HOST);
  await mkdir(join(home, '.ssh'), { mode: 0o700 });
  await writeFile(join(home, '.ssh/config'), sshConfig, { mode: 0o600 });
  await writeTask(source);

  log('starting the same trace in the terminal');
  const terminalStarting = startTerminalTrace(['--output-tuple', DEMO_HOST, DEMO.filter], home);
  terminalStarting.catch(() => undefined); // told where it is waited for
  cleanup.push(async () => (await terminalStarting).stop());
  const workbench = await startWorkbench({
    folder: source,
    vsix,
    home: { '.ssh/config': sshConfig },
    settings: {
      'debug.toolBarLocation': 'commandCenter', // not over the editor's tabs
      'editor.minimap.enabled': false,
      'task.allowAutomaticTasks': 'on', // the workspace's task starts the trace
      'packetTrace.kernelSource.path': source,
    },
    log,
  });
  cleanup.push(() => workbench.stop());

  if (headless) await tour(workbench, guest, terminalStarting);
  else await untilInterrupted(workbench, guest, terminalStarting, stop.signal);
}

async function tour(
  workbench: Workbench,
  guest: Guest,
  terminalStarting: Promise<TerminalTrace>,
): Promise<void> {
  log('opening the workbench; it starts its trace itself');
  const page = await workbench.openPage({ width: 1400, height: 860 });
  const terminal = await terminalStarting;
  try {
    await showTrajectory(page, async () => {
      log(`in the guest: ${DEMO.traffic}`);
      await guest.exec(DEMO.traffic, { timeoutMs: 30_000 });
    });
    if (options.screenshot !== undefined) {
      const path = resolve(process.env.INIT_CWD ?? '.', options.screenshot);
      await page.screenshot({ path });
      log(`screenshot: ${path}`);
    }
  } catch (error) {
    await page.screenshot({ path: join(tmpdir(), 'kpt-demo-failed.png') });
    log(await workbench.logs());
    throw error;
  }
  await terminal.stop();
  const drop = terminal.lines.find((line) => line.includes(DEMO.dropReason));
  if (drop === undefined) throw new Error(`the terminal's trajectory does not end in ${DEMO.dropReason}`);
  log(`done: the packet ended in ${DEMO.dropReason}, in the workbench and in the terminal`);
}

async function untilInterrupted(
  workbench: Workbench,
  guest: Guest,
  terminalStarting: Promise<TerminalTrace>,
  signal: AbortSignal,
): Promise<void> {
  process.stdout.write(
    `\nOpen ${workbench.url}\nA packet is dropped every ${TRAFFIC_INTERVAL_MS / 1000} s. Ctrl-C ends the demo.\n\n`,
  );
  await terminalStarting;
  const end = Date.now() + LONGEST_DEMO_MS;
  while (!signal.aborted && Date.now() < end) {
    await guest.exec(DEMO.traffic, { timeoutMs: 30_000 });
    await sleep(TRAFFIC_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
  log('ending the demo');
}

/** A workspace task that starts the trace as soon as a window opens: a person needs only the URL. */
async function writeTask(folder: string): Promise<void> {
  const start = { target: DEMO_HOST, filter: DEMO.filter };
  const tasks = {
    version: '2.0.0',
    tasks: [
      {
        label: 'Start Packet Trace',
        type: 'process',
        command: '/bin/true',
        args: ['${input:start}'],
        presentation: { reveal: 'never' },
        runOptions: { runOn: 'folderOpen' },
        problemMatcher: [],
      },
    ],
    inputs: [{ id: 'start', type: 'command', command: 'packetTrace.start', args: start }],
  };
  if (!existsSync(join(folder, '.vscode'))) await mkdir(join(folder, '.vscode'));
  await writeFile(join(folder, '.vscode/tasks.json'), JSON.stringify(tasks, undefined, 2));
}

try {
  await main();
} catch (error) {
  log(`failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  for (const release of cleanup.reverse()) await release().catch((error: unknown) => log(String(error)));
}
