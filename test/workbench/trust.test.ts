/** A workspace that the user does not trust: its source is shown, and nothing is run or taken from its settings. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { packageVsix } from '../../build/package.ts';
import { repoRoot } from '../../build/paths.ts';
import { fillQuickInput, openFile, quickInput, runCommand } from '../../build/workbench/actions.ts';
import { startWorkbench, type Workbench } from '../../build/workbench/workbench.ts';
import { define, LANDMARKS, writeTree } from '../support/source/source-tree.ts';
import { assertOpen, definition, VIEW_TIMEOUT } from './definition.ts';

const OUT = join(repoRoot, 'test/workbench/out');
const NAME = 'ip_rcv';

describe('an untrusted workspace', { timeout: 5 * 60 * 1000 }, () => {
  const folders: string[] = [];
  let workbench: Workbench | undefined;
  let page: Page;
  let tree: string;
  const shoot = (name: string) => page.screenshot({ path: join(OUT, `trust-${name}.png`) });

  before(async () => {
    mkdirSync(OUT, { recursive: true });
    const elsewhere = await writeTree({ ...LANDMARKS, 'net/ipv4/elsewhere.c': define(NAME) });
    tree = await writeTree({
      ...LANDMARKS,
      'net/ipv4/ip_input.c': `${define('ip_before')}${define(NAME)}`,
      '.vscode/settings.json': JSON.stringify({ 'packetTrace.kernelSource.path': elsewhere }),
    });
    folders.push(elsewhere, tree);
    const log = (line: string) => console.log(line);
    workbench = await startWorkbench({ folder: tree, vsix: await packageVsix(), untrusted: true, log });
    page = await workbench.openPage({ width: 1400, height: 860 });
  });
  after(async () => {
    await workbench?.stop();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  });

  test('the view says that a trace needs trust', async () => {
    await page.locator('.activitybar .action-label[aria-label^="Packet Trace"]').first().click(VIEW_TIMEOUT);
    const welcome = page.locator('.pane-body .welcome-view');
    await welcome.getByText('This workspace is not trusted').waitFor(VIEW_TIMEOUT);
    await welcome.getByText('Manage Workspace Trust').waitFor(VIEW_TIMEOUT);
    assert.equal(await welcome.getByText('Start Packet Trace').count(), 0);
    await shoot('1-welcome');
  });

  test('its source opens; the checkout that its settings name is not used', async () => {
    await runCommand(page, 'Packet Trace: Open Kernel Source');
    await fillQuickInput(page, NAME);
    await page.keyboard.press('Enter');
    await assertOpen(page, definition(tree, NAME));
    await shoot('2-source');
  });

  test('what would run something is not offered', async () => {
    await openFile(page, 'ip_input.c');
    await page.keyboard.press('F1');
    for (const [title, offered] of [
      ['Packet Trace: Show Packets That Passed Here', true],
      ['Packet Trace: Trace Packets Through This Function', false],
      ['Packet Trace: Trace Functions Changed in This Branch', false],
    ] as const) {
      await fillQuickInput(page, `>${title}`);
      const row = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title });
      if (offered) await row.first().waitFor(VIEW_TIMEOUT);
      else await row.waitFor({ state: 'detached', ...VIEW_TIMEOUT });
    }
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.codelens-decoration a').count(), 0);
  });

  test('a start asks for trust before anything else', async () => {
    await runCommand(page, 'Packet Trace: Start Packet Trace');
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'trust' });
    await dialog.waitFor(VIEW_TIMEOUT);
    await shoot('4-start');
    await dialog.locator('.monaco-button').filter({ hasText: 'Cancel' }).click(VIEW_TIMEOUT);
    await dialog.waitFor({ state: 'hidden', ...VIEW_TIMEOUT });
    assert.equal(await quickInput(page).isVisible(), false);
  });
});
