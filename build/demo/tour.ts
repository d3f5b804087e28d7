/** What the demo shows in the workbench: the dropped packet's trajectory, and a function's source with its packets. */
import type { Page } from 'playwright-core';
import { cursorLine, expand, runCommand, treeRows, widenSideBar } from '../workbench/actions.ts';
import { DEMO } from './scenario.ts';

const TRACE_TIMEOUT_MS = 120_000;
const INDEX_TIMEOUT_MS = 120_000;
/** A row's process, reason, tuple and function count are to be read whole. */
const SIDE_BAR_WIDTH = 560;

/**
 * Waits for the trace, makes the traffic, opens the trajectory and the source of one function with its count of packets.
 * @throws Error when no trajectory ends in the expected drop reason or the source does not open
 */
export async function showTrajectory(page: Page, traffic: () => Promise<void>): Promise<void> {
  await page
    .locator('.statusbar-item')
    .filter({ hasText: /events?\/s/ })
    .first()
    .waitFor({ timeout: TRACE_TIMEOUT_MS });
  await runCommand(page, 'Packet Trace: Focus on Trajectories View');
  await widenSideBar(page, SIDE_BAR_WIDTH);
  await traffic();
  const trajectory = treeRows(page, new RegExp(`curl.*${DEMO.dropReason}`)).first();
  await trajectory.waitFor({ timeout: 30_000 });
  await expand(trajectory);
  const step = treeRows(page, DEMO.open).first();
  await step.click();
  await page.locator('.tab').filter({ hasText: /\.c$/ }).first().waitFor({ timeout: 30_000 });
  if ((await cursorLine(page)) === undefined) throw new Error(`the source of ${DEMO.open} did not open`);
  const lens = page.locator('.codelens-decoration a').filter({ hasText: /packets?/ });
  await lens.first().waitFor({ timeout: 30_000 });
  const indexing = page.locator('.statusbar-item').filter({ hasText: 'Kernel source index' });
  await indexing.waitFor({ state: 'hidden', timeout: INDEX_TIMEOUT_MS });
}
