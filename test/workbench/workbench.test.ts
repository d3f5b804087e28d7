/**
 * The packaged extension in a real VS Code, driven as a user drives it, against a real kernel: from the
 * command palette to the line of kernel source where a packet was dropped.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { DEMO, DEMO_HOST } from '../../build/demo/scenario.ts';
import { sshConfigFor } from '../../build/demo/ssh-config.ts';
import { kernelSource } from '../../build/kernel-source.ts';
import { packageVsix } from '../../build/package.ts';
import { repoRoot } from '../../build/paths.ts';
import {
  cursorLine,
  expand,
  fillQuickInput,
  quickInputMessage,
  runCommand,
  statusBarItem,
  treeRows,
} from '../../build/workbench/actions.ts';
import { startWorkbench, type Workbench } from '../../build/workbench/workbench.ts';
import { bootGuest, type Guest } from '../lab/guest.ts';

const OUT = join(repoRoot, 'test/workbench/out');
/** Connecting, uploading and attaching under emulation; a user's machine takes a few seconds. */
const TRACE_TIMEOUT = { timeout: 120_000 };
const VIEW_TIMEOUT = { timeout: 30_000 };

describe('the workbench', { timeout: 15 * 60 * 1000 }, () => {
  let guest: Guest | undefined;
  let workbench: Workbench | undefined;
  let page: Page;
  let source: string;

  const log = (line: string) => console.log(line);
  const shoot = (name: string) => page.screenshot({ path: join(OUT, `${name}.png`) });

  /** A failing step leaves a screenshot and the server's logs. */
  async function step(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      await shoot(name);
    } catch (error) {
      await shoot(`${name}-failed`).catch(() => undefined);
      console.log(await workbench?.logs());
      if (guest?.panicked() === true)
        console.log(`the lab's fault, the guest panicked:\n${guest.console().slice(-3000)}`);
      throw error;
    }
  }

  before(async () => {
    mkdirSync(OUT, { recursive: true });
    const [booted, tree, vsix] = await Promise.all([
      bootGuest({ kernel: '6.12', userland: 'bare', log }),
      kernelSource('6.12', log),
      packageVsix(),
    ]);
    guest = booted;
    source = tree;
    assert.equal((await guest.exec(DEMO.setup)).code, 0);
    workbench = await startWorkbench({
      folder: source,
      vsix,
      home: { '.ssh/config': sshConfigFor(guest, DEMO_HOST) },
      log,
    });
    page = await workbench.openPage({ width: 1400, height: 860 });
  });

  after(async () => {
    await workbench?.stop();
    await guest?.stop();
  });

  test('a view container says what to do before the first trace', async () => {
    await step('1-welcome', async () => {
      await page
        .locator('.activitybar .action-label[aria-label^="Packet Trace"]')
        .first()
        .click(VIEW_TIMEOUT);
      await page.locator('.pane-body .welcome-view').getByText('Start Packet Trace').waitFor(VIEW_TIMEOUT);
    });
  });

  test('the target picker lists the SSH configuration, the filter box has the verdict of libpcap', async () => {
    await step('2-filter', async () => {
      await runCommand(page, 'Packet Trace: Start Packet Trace');
      await fillQuickInput(page, DEMO_HOST);
      await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: DEMO_HOST }).first().click();
      await fillQuickInput(page, 'dst host 1.1.1.1 and and tcp');
      await quickInputMessage(page).filter({ hasText: 'syntax error' }).waitFor(VIEW_TIMEOUT);
      await shoot('2-bad-filter');
      await fillQuickInput(page, DEMO.filter);
      await quickInputMessage(page)
        .filter({ hasText: /instructions/ })
        .waitFor(VIEW_TIMEOUT);
    });
  });

  test('the trace attaches and shows in the status bar and the debug toolbar', async () => {
    await step('3-tracing', async () => {
      await page.keyboard.press('Enter');
      await statusBarItem(page, /events?\/s/).waitFor(TRACE_TIMEOUT);
      await page.locator('.debug-toolbar').waitFor(VIEW_TIMEOUT);
    });
  });

  test("a dropped packet's trajectory appears with process, tuple and reason", async () => {
    await step('4-trajectory', async () => {
      await guest?.exec(DEMO.traffic, { timeoutMs: 30_000 });
      const row = treeRows(page, new RegExp(`curl.*${DEMO.dropReason}`)).first();
      await row.waitFor(VIEW_TIMEOUT);
      const text = (await row.textContent()) ?? '';
      assert.match(text, /curl/);
      assert.match(text, /->1\.1\.1\.1:80\(tcp\)/);
      await expand(row);
      await treeRows(page, DEMO.open).first().waitFor(VIEW_TIMEOUT);
    });
  });

  test('a click on a function opens its definition in the kernel checkout', async () => {
    await step('5-source', async () => {
      await treeRows(page, DEMO.open).first().click();
      const { file, line } = definition(source, DEMO.open);
      await page.locator('.tab.active').filter({ hasText: file }).waitFor(VIEW_TIMEOUT);
      await statusBarItem(page, `Ln ${line},`).waitFor(VIEW_TIMEOUT);
      assert.equal(await cursorLine(page), line);
    });
  });

  test('stopping ends the session, keeps the trajectories and leaves no probe', async () => {
    await step('6-stopped', async () => {
      await runCommand(page, 'Packet Trace: Stop Packet Trace');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden', ...VIEW_TIMEOUT });
      await treeRows(page, DEMO.dropReason).first().waitFor(VIEW_TIMEOUT);
      const probes = await guest?.exec('cat /sys/kernel/tracing/enabled_functions | wc -l');
      assert.equal(probes?.stdout.trim(), '0');
    });
  });
});

/** Where a function is defined in net/, found by reading the files: the test's own idea of the right answer. */
function definition(tree: string, name: string): { file: string; line: number } {
  const pattern = new RegExp(`^[a-z].*\\b${name}\\(`);
  for (const path of readdirSync(join(tree, 'net'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.c')) continue;
    const lines = readFileSync(join(tree, 'net', path), 'utf8').split('\n');
    const at = lines.findIndex((line) => pattern.test(line) && !line.trimEnd().endsWith(';'));
    if (at >= 0) return { file: path.slice(path.lastIndexOf('/') + 1), line: at + 1 };
  }
  throw new Error(`${name} is not defined in ${tree}/net`);
}
