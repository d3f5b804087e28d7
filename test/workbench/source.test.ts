/**
 * From kernel source to a trace and back, in a real VS Code against a real kernel: symbol search, a trace of the
 * packets through a function, and what its source shows of them.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { DEMO, DEMO_HOST } from '../../build/demo/scenario.ts';
import {
  cursorLine,
  expand,
  fillQuickInput,
  quickInputMessage,
  runCommand,
  statusBarItem,
  treeRows,
} from '../../build/workbench/actions.ts';
import type { Guest } from '../lab/guest.ts';
import { definition } from './definition.ts';
import { type LabWorkbench, startLabWorkbench, TRACE_TIMEOUT, VIEW_TIMEOUT } from './lab-workbench.ts';

/** The function of nf_tables that carries out the verdict of a rule of iptables-nft. */
const DROPPED_IN = 'nft_do_chain';
/** The first index of a whole tree, on a busy machine. */
const INDEX_TRIES = 60;

describe('kernel source in the workbench', { timeout: 15 * 60 * 1000 }, () => {
  let lab: LabWorkbench | undefined;
  let guest: Guest;
  let page: Page;
  let source: string;
  let shoot: LabWorkbench['shoot'];
  let step: LabWorkbench['step'];
  const lenses = (text: string | RegExp) => page.locator('.codelens-decoration a').filter({ hasText: text });
  const view = () => page.locator('.pane-body').filter({ has: page.locator('[role="treeitem"]') });

  before(async () => {
    lab = await startLabWorkbench('source-');
    ({ guest, page, source, shoot, step } = lab);
  });

  after(() => lab?.stop());

  test('Go to Symbol in Workspace finds a function and opens its definition', async () => {
    await step('1-symbol', async () => {
      const row = page
        .locator('.quick-input-list .monaco-list-row')
        .filter({ hasText: DEMO.open })
        .filter({ hasText: 'net/netfilter' });
      await page.keyboard.press('Control+P');
      // Until networking is indexed there are no symbols; typing anew asks again.
      for (let tries = 0; !(await row.first().isVisible()); tries++) {
        assert.ok(tries < INDEX_TRIES, 'the symbol was not found');
        await fillQuickInput(page, `#${DEMO.open.slice(0, -1 - (tries % 2))}`);
        await row
          .first()
          .waitFor({ timeout: 3000 })
          .catch(() => undefined);
      }
      await shoot('1-symbols');
      await row.first().click();
      const { file, line } = definition(source, DEMO.open);
      await page.locator('.tab.active').filter({ hasText: file }).waitFor(VIEW_TIMEOUT);
      await statusBarItem(page, `Ln ${line},`).waitFor(VIEW_TIMEOUT);
      assert.equal(await cursorLine(page), line);
    });
  });

  test('without a trace, functions that take a packet offer one', async () => {
    await step('2-offer', async () => {
      const offers = lenses(/Trace\spackets\sthrough\sthis\sfunction/);
      await offers.locator('visible=true').first().waitFor(VIEW_TIMEOUT);
    });
  });

  test('"Trace Packets Through This Function" asks for target and filter and traces', async () => {
    await step('3-through', async () => {
      await runCommand(page, 'Packet Trace: Trace Packets Through This Function');
      await fillQuickInput(page, DEMO_HOST);
      await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: DEMO_HOST }).first().click();
      await fillQuickInput(page, 'tcp port 80');
      await quickInputMessage(page)
        .filter({ hasText: /instructions/ })
        .waitFor(VIEW_TIMEOUT);
      await page.keyboard.press('Enter');
      await statusBarItem(page, /events?\/s/).waitFor(TRACE_TIMEOUT);
      // Both pass netfilter's rules; those to itself are not dropped.
      await guest.exec(`${DEMO.traffic}; curl --silent 127.0.0.1`, { timeoutMs: 30_000 });
      await treeRows(page, DEMO.dropReason).first().waitFor(VIEW_TIMEOUT);
      await treeRows(page, '127.0.0.1:80->').first().waitFor(VIEW_TIMEOUT); // the answer, the last packet
      await view().getByText(`only those through ${DEMO.open}`).waitFor(VIEW_TIMEOUT);
    });
  });

  test('the source says how many packets passed, the view shows just these', async () => {
    await step('4-lens', async () => {
      const lens = lenses(/\d\spackets?/)
        .locator('visible=true')
        .first();
      await lens.waitFor(VIEW_TIMEOUT);
      const rows = await treeRows(page, '->').count();
      assert.ok(rows > (await treeRows(page, DEMO.dropReason).count()));
      await lens.filter({ hasText: new RegExp(`^${rows}\\spackets$`) }).waitFor(VIEW_TIMEOUT);
    });
  });

  test('a click on a drop opens the function that it was in, which says how many were dropped', async () => {
    await step('5-drop', async () => {
      const dropped = await treeRows(page, DEMO.dropReason).count();
      await expand(treeRows(page, DEMO.dropReason).first());
      await treeRows(page, 'dropped: ').first().click();
      await page.locator('.tab.active').filter({ hasText: 'nf_tables_core.c' }).waitFor(VIEW_TIMEOUT);
      const { line } = definition(source, DROPPED_IN);
      await statusBarItem(page, `Ln ${line},`).waitFor(VIEW_TIMEOUT);
      const text = new RegExp(`^${dropped}\\spackets,\\s${dropped}\\sdropped\\shere$`);
      await lenses(text).locator('visible=true').first().waitFor(VIEW_TIMEOUT);
    });
  });

  test('a click on a function opens the right file and line', async () => {
    await step('6-function', async () => {
      await treeRows(page, new RegExp(`^${DEMO.open}`))
        .first()
        .click();
      const { file, line } = definition(source, DEMO.open);
      await page.locator('.tab.active').filter({ hasText: file }).waitFor(VIEW_TIMEOUT);
      await statusBarItem(page, `Ln ${line},`).waitFor(VIEW_TIMEOUT);
    });
  });

  test('the hover on a function has its last packets; a link reveals one', async () => {
    await step('7-hover', async () => {
      const name = page.locator('.view-line span').filter({ hasText: new RegExp(`^${DEMO.open}$`) });
      await name.first().hover();
      const hover = page.locator('.monaco-hover').filter({ hasText: `packets (` });
      await hover.first().waitFor(VIEW_TIMEOUT);
      await shoot('7-hover-open');
      await hover.locator('li a').first().click();
      await treeRows(page, DEMO.open)
        .and(page.locator('[aria-selected="true"]'))
        .first()
        .waitFor(VIEW_TIMEOUT);
    });
  });

  test('all packets again, and those through a function of the source by a click above it', async () => {
    await step('8-all', async () => {
      const all = page.locator('.action-label[aria-label^="Show All Packets"]').locator('visible=true');
      await all.first().click(VIEW_TIMEOUT);
      await view()
        .getByText('only those through')
        .waitFor({ state: 'hidden', ...VIEW_TIMEOUT });
      const lens = lenses(/\d\spackets/).locator('visible=true');
      await lens.first().click(VIEW_TIMEOUT);
      await view().getByText(`only those through ${DEMO.open}`).waitFor(VIEW_TIMEOUT);
    });
  });
});
