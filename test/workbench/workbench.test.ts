/**
 * The packaged extension in a real VS Code, driven as a user drives it, against a real kernel: from the
 * command palette to the line of kernel source where a packet was dropped.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { DEMO, DEMO_HOST } from '../../build/demo/scenario.ts';
import {
  answerTargetAndFilter,
  expand,
  fillQuickInput,
  notification,
  quickInputMessage,
  runCommand,
  statusBarItem,
  treeRows,
} from '../../build/workbench/actions.ts';
import type { Guest } from '../lab/guests/guest.ts';
import { CUT } from '../lab/guests/our-agents.ts';
import { assertOpen, definition, VIEW_TIMEOUT } from './definition.ts';
import { type LabWorkbench, startLabWorkbench, TRACE_TIMEOUT } from './lab-workbench.ts';

describe('the workbench', { timeout: 15 * 60 * 1000 }, () => {
  let lab: LabWorkbench | undefined;
  let guest: Guest;
  let page: Page;
  let source: string;
  let shoot: LabWorkbench['shoot'];
  let step: LabWorkbench['step'];

  before(async () => {
    lab = await startLabWorkbench();
    ({ guest, page, source, shoot, step } = lab);
  });

  after(() => lab?.stop());

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
      await answerTargetAndFilter(page, DEMO_HOST, 'dst host 1.1.1.1 and and tcp');
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
      await guest.exec(DEMO.traffic, { timeoutMs: 30_000 });
      const row = treeRows(page, new RegExp(`curl.*${DEMO.dropReason}`)).first();
      await row.waitFor(VIEW_TIMEOUT);
      const text = (await row.textContent()) ?? '';
      assert.match(text, /curl → 1\.1\.1\.1:80 SYN/);
      assert.match(text, /dropped: NETFILTER_DROP/);
      await expand(row);
      await treeRows(page, DEMO.open).first().waitFor(VIEW_TIMEOUT);
    });
  });

  test('a click on a function opens its definition in the kernel checkout', async () => {
    await step('5-source', async () => {
      await treeRows(page, DEMO.open).first().click();
      await assertOpen(page, definition(source, DEMO.open));
    });
  });

  test('without debug information a click on the drop opens the definition, and says why not the line', async () => {
    await step('5-drop', async () => {
      await treeRows(page, /^dropped: /)
        .first()
        .click();
      const reason = notification(page, /Only the definition of nft_do_chain .* No debug information/);
      await reason.waitFor(VIEW_TIMEOUT);
      await assertOpen(page, definition(source, 'nft_do_chain'));
    });
  });

  test('a lost connection ends nothing: a click reconnects, and the gap is marked', async () => {
    await step('6-cut', async () => {
      await guest.exec(CUT);
      const lost = notification(page, /connection to the target was lost/);
      await lost.waitFor(VIEW_TIMEOUT);
      await statusBarItem(page, /connection lost/).waitFor(VIEW_TIMEOUT);
      await shoot('6-cut');
      await lost.getByRole('button', { name: 'Reconnect' }).click();
      await statusBarItem(page, /events?\/s/).waitFor(TRACE_TIMEOUT);
    });
    await step('6-reconnected', async () => {
      const before = await treeRows(page, DEMO.dropReason).count();
      await guest.exec(DEMO.traffic, { timeoutMs: 30_000 });
      await treeRows(page, /^Paused for .*connection/).waitFor(VIEW_TIMEOUT);
      await treeRows(page, DEMO.dropReason).nth(before).waitFor(VIEW_TIMEOUT);
    });
  });

  test('Restart, pressed again and again, gives one new trace', async () => {
    await step('7-restarted', async () => {
      const restart = page.locator('.debug-toolbar .codicon-debug-restart');
      for (let time = 0; time < 3; time++) await restart.click(VIEW_TIMEOUT);
      await treeRows(page, DEMO.dropReason)
        .first()
        .waitFor({ state: 'hidden', ...TRACE_TIMEOUT });
      await statusBarItem(page, /events?\/s/).waitFor(TRACE_TIMEOUT);
      await guest.exec(DEMO.traffic, { timeoutMs: 30_000 });
      await treeRows(page, DEMO.dropReason).first().waitFor(VIEW_TIMEOUT);
      const twice = await guest.exec(`grep -c '([2-9])' /sys/kernel/tracing/enabled_functions`);
      assert.equal(twice.stdout.trim(), '0');
      // VS Code leaves the progress of the start there for a moment after its end.
      const others = page.locator('.notification-toast').filter({ hasNotText: 'Packet trace of lab' });
      assert.deepEqual(await others.allInnerTexts(), []);
    });
  });

  test('stopping ends the session, keeps the trajectories and leaves no probe', async () => {
    await step('8-stopped', async () => {
      await runCommand(page, 'Packet Trace: Stop Packet Trace');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden', ...VIEW_TIMEOUT });
      await treeRows(page, DEMO.dropReason).first().waitFor(VIEW_TIMEOUT);
      const probes = await guest.exec('cat /sys/kernel/tracing/enabled_functions | wc -l');
      assert.equal(probes.stdout.trim(), '0');
    });
  });

  test('Stop ends a trace that is being restarted', async () => {
    await step('9-stopped', async () => {
      await runCommand(page, 'Packet Trace: Start Packet Trace');
      await answerTargetAndFilter(page, DEMO_HOST, DEMO.filter);
      await quickInputMessage(page)
        .filter({ hasText: /instructions/ })
        .waitFor(VIEW_TIMEOUT);
      await page.keyboard.press('Enter');
      await statusBarItem(page, /events?\/s/).waitFor(TRACE_TIMEOUT);
      await page.locator('.debug-toolbar .codicon-debug-restart').click(VIEW_TIMEOUT);
      await runCommand(page, 'Packet Trace: Stop Packet Trace');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden', ...VIEW_TIMEOUT });
      const probes = await guest.exec('cat /sys/kernel/tracing/enabled_functions | wc -l');
      assert.equal(probes.stdout.trim(), '0');
    });
  });
});
