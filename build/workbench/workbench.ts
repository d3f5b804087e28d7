/** One VS Code workbench in a browser, for the workbench tests and the demo. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, createWriteStream, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ensureInstalled } from '../packages/debian.ts';
import { node24 } from '../packages/npm-package.ts';
import { run } from '../run.ts';
import { installCodeServer } from './code-server.ts';

export interface WorkbenchOptions {
  /** The workspace folder. */
  folder: string;
  /** The packaged extension. */
  vsix: string;
  /** User settings besides those that keep the workbench quiet. */
  settings?: Record<string, unknown>;
  /** Settings that only the machine with the files may have, such as paths. */
  machineSettings?: Record<string, unknown>;
  /** The folder is not trusted; by default every folder is. */
  untrusted?: boolean;
  /** Files for the HOME that the extension runs with, by relative path (`.ssh/config`, say). */
  home?: Record<string, string>;
  log: (line: string) => void;
}

export interface Workbench {
  /** Where a person's browser finds it. */
  readonly url: string;
  /** HOME of the server and the extension host. */
  readonly home: string;
  /** Opens the workbench in headless Chromium and waits until it is drawn. */
  openPage(size: { width: number; height: number }): Promise<Page>;
  /** The end of the server's and the extension host's logs, for a failure's message. */
  logs(): Promise<string>;
  /** Ends browser and server and removes their files. */
  stop(): Promise<void>;
}

/** Nothing that pops up, downloads or moves by itself. */
const QUIET_SETTINGS = {
  'remote.autoForwardPorts': false,
  'chat.disableAIFeatures': true,
  'workbench.startupEditor': 'none',
  'git.enabled': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'telemetry.telemetryLevel': 'off',
  'security.workspace.trust.startupPrompt': 'never',
  'workbench.reduceMotion': 'on',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'update.showReleaseNotes': false,
  'files.watcherExclude': { '**': true },
  'search.followSymlinks': false,
};

const START_TIMEOUT_MS = 90_000;

/** Starts code-server on a free port of 127.0.0.1 with the extension installed. */
export async function startWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  await ensureInstalled(['chromium', 'fonts-dejavu-core']);
  const entry = await installCodeServer(options.log);
  const node = await node24();
  const root = await mkdtemp(join(tmpdir(), 'kpt-workbench-'));
  const home = join(root, 'home');
  const serverLog = join(root, 'server.log');
  let server: ChildProcess | undefined;
  let browser: Browser | undefined;

  async function stop(): Promise<void> {
    await browser?.close().catch(() => undefined);
    await endProcessGroup(server);
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  try {
    const user = join(root, 'user');
    for (const part of ['User', 'Machine']) await mkdir(join(user, part), { recursive: true });
    await mkdir(join(root, 'tmp'));
    await mkdir(home);
    await writeFile(
      join(user, 'User/settings.json'),
      JSON.stringify({ ...QUIET_SETTINGS, ...options.settings }),
    );
    await writeFile(join(user, 'Machine/settings.json'), JSON.stringify(options.machineSettings ?? {}));
    await writeFile(join(root, 'config.yaml'), '');
    for (const [path, content] of Object.entries(options.home ?? {})) {
      await mkdir(join(home, path, '..'), { recursive: true, mode: 0o700 });
      await writeFile(join(home, path), content, { mode: 0o600 });
    }
    const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home, TMPDIR: join(root, 'tmp') };
    const folders = [
      '--user-data-dir',
      user,
      '--extensions-dir',
      join(root, 'extensions'),
      '--config',
      join(root, 'config.yaml'),
    ];
    await run(node, [entry, ...folders, '--install-extension', options.vsix], { env });
    const port = await freePort();
    const flags = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry'];
    flags.push('--disable-update-check', '--disable-getting-started-override', '--disable-proxy');
    if (options.untrusted !== true) flags.push('--disable-workspace-trust');
    options.log('starting code-server');
    server = spawn(node, [entry, ...folders, ...flags], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(serverLog);
    server.stdout?.pipe(log, { end: false });
    server.stderr?.pipe(log, { end: false });
    const origin = `http://127.0.0.1:${port}`;
    await answers(`${origin}/healthz`, server);
    const url = `${origin}/?folder=${encodeURIComponent(options.folder)}`;

    return {
      url,
      home,
      async openPage(size) {
        browser ??= await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_FLAGS });
        const page = await browser.newPage({ viewport: size });
        page.on('console', (message) => {
          if (message.type() === 'error') appendFileSync(serverLog, `[page] ${message.text()}\n`);
        });
        await page.goto(url, { timeout: START_TIMEOUT_MS });
        await page.waitForSelector('.monaco-workbench .part.statusbar .statusbar-item', {
          timeout: START_TIMEOUT_MS,
        });
        return page;
      },
      async logs() {
        const extensionLogs = await run('find', [
          user,
          '-name',
          '*.log',
          '-path',
          '*exthost*',
          '-size',
          '+0',
        ]).catch(() => '');
        const files = [serverLog, ...extensionLogs.split('\n').filter((file) => file !== '')];
        return files
          .map((file) => `--- ${file.slice(root.length)}\n${readFileSync(file, 'utf8').slice(-3000)}`)
          .join('\n');
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `--no-sandbox`: tests run as root; the other flags keep the browser off the network. */
const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function answers(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`code-server ended with ${server.exitCode} at its start`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(250);
  }
  throw new Error(`code-server did not answer within ${START_TIMEOUT_MS / 1000} s`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** code-server keeps an extension host and file watchers; they are one process group. */
async function endProcessGroup(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined) return;
  const group = -child.pid;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (let tries = 0; tries < 30; tries++) {
      try {
        process.kill(group, tries === 0 ? signal : 0);
      } catch {
        return; // no process of the group is left
      }
      await sleep(100);
    }
  }
}
