/** What a user does in the workbench, by keyboard and mouse. Every wait is bounded by playwright's timeout. */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

/** Selectors of VS Code's own parts (1.139). */
const QUICK_INPUT = '.quick-input-widget';
const QUICK_INPUT_BOX = `${QUICK_INPUT} .quick-input-box input`;

/** Runs a command by its title through the command palette. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await quickInput(page).waitFor();
  await fillQuickInput(page, `>${title}`);
  await page
    .locator(`${QUICK_INPUT} .quick-input-list .monaco-list-row`)
    .filter({ hasText: title })
    .first()
    .click();
}

/** The text box of the quick pick or input box that is open. */
export function quickInput(page: Page): Locator {
  return page.locator(QUICK_INPUT_BOX);
}

/**
 * Types into the open quick input, after it has the focus: keys typed before go to the editor.
 * @param title of the quick input, where another one is open before it
 */
export async function fillQuickInput(page: Page, text: string, title = ''): Promise<void> {
  if (title !== '')
    await page.locator(`${QUICK_INPUT} .quick-input-title`).filter({ hasText: title }).waitFor();
  const box = quickInput(page);
  await box.waitFor();
  await box.focus();
  await box.fill(text);
}

/** Answers "Start Packet Trace": picks the target, and types into the box for the filter, which it leaves open. */
export async function answerTargetAndFilter(page: Page, target: string, filter: string): Promise<void> {
  await fillQuickInput(page, target, 'Start Packet Trace: target');
  const rows = page.locator(`${QUICK_INPUT} .quick-input-list .monaco-list-row`);
  await rows.filter({ hasText: target }).first().click();
  await fillQuickInput(page, filter, 'Start Packet Trace: filter');
}

/** Chooses a file in VS Code's own dialog for it, which offers the files of a folder once its path is typed. */
export async function chooseFile(page: Page, title: string, folder: string, name: string): Promise<void> {
  await fillQuickInput(page, join(folder, name), title);
  await page
    .locator(`${QUICK_INPUT} .quick-input-list .monaco-list-row`)
    .filter({ hasText: name })
    .first()
    .waitFor();
  await page.keyboard.press('Enter');
}

/** What stands below the open quick input's box: a validation message, or rows of its list. */
export function quickInputMessage(page: Page): Locator {
  return page.locator(`${QUICK_INPUT} :is(.quick-input-message, .quick-input-list .monaco-list-row)`);
}

/** Opens a file of the workspace by its name. */
export async function openFile(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+P');
  await fillQuickInput(page, name);
  await page
    .locator(`${QUICK_INPUT} .quick-input-list .monaco-list-row`)
    .filter({ hasText: name })
    .first()
    .click();
  await page.locator('.tab.active').filter({ hasText: name }).waitFor();
}

/** Lines of the editor that has the focus, or had it last. */
export function editorLines(page: Page): Locator {
  return page.locator('.editor-group-container.active .view-lines');
}

/** Rows of the tree in the side bar whose text contains `text`, in no particular order. */
export function treeRows(page: Page, text: string | RegExp): Locator {
  return page.locator('.pane-body [role="treeitem"]').filter({ hasText: text });
}

/** Opens a collapsed row of a tree. */
export async function expand(row: Locator): Promise<void> {
  if ((await row.getAttribute('aria-expanded')) === 'true') return;
  await row.locator('.monaco-tl-twistie').click();
}

/** The cursor's position in the active editor as the status bar tells it. */
export async function cursorLine(page: Page): Promise<number | undefined> {
  const text = await page
    .locator('.statusbar-item')
    .filter({ hasText: /Ln \d+/ })
    .first()
    .textContent();
  const line = /Ln (\d+)/.exec(text ?? '')?.[1];
  return line === undefined ? undefined : Number(line);
}

/** A status bar item by its text. */
export function statusBarItem(page: Page, text: string | RegExp): Locator {
  return page.locator('.statusbar-item').filter({ hasText: text }).first();
}

/** Messages in the corner with a text. */
export function notification(page: Page, text: string | RegExp): Locator {
  return page.locator('.notification-toast').filter({ hasText: text });
}

/** Drags the side bar's edge until the side bar is `width` pixels wide. */
export async function widenSideBar(page: Page, width: number): Promise<void> {
  const box = await page.locator('.part.sidebar').boundingBox();
  if (box === null) throw new Error('the side bar is not shown');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + width, y, { steps: 5 });
  await page.mouse.up();
}
