/**
 * From kernel source to a trace and back, in a real VS Code against a real kernel: symbol search, a trace of the
 * packets through a function, what its source shows of them, the lines of drops and of stack traces, and a trace
 * of what a branch changed. The checkout says that it is of another release than the kernel.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { DEMO, DEMO_HOST } from '../../build/demo/scenario.ts';
import type { KernelDebug } from '../../build/packages/kernel-debug.ts';
import { kernelSource } from '../../build/packages/kernel-source.ts';
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
import { callBefore, labDebug, NO_DEBUG_PACKAGE } from '../lab/terminal/elfutils-frames.ts';
import type { Guest } from '../lab/guests/guest.ts';
import { type BranchCheckout, branchCheckout } from './branch-checkout.ts';
import { assertOpen, definition, lineIn, VIEW_TIMEOUT } from './definition.ts';
import { type LabWorkbench, startLabWorkbench, TRACE_TIMEOUT } from './lab-workbench.ts';

/** The file of DEMO.open, and another function in it that no packet is given to. */
const EDITED = { file: 'net/netfilter/core.c', functions: [DEMO.open, 'nf_register_net_hook'] };
/** A process that waits in the kernel's networking, and a function that called the one it waits in. */
const WAITING = { command: 'ip monitor link', name: 'netlink_recvmsg' };
/** What the user is told when the checkout is of another release than the target's kernel. */
const OTHER_RELEASE = 'The checkout is Linux';
/** The first index of a whole tree, on a busy machine. */
const INDEX_TRIES = 60;

describe('kernel source in the workbench', { timeout: 15 * 60 * 1000 }, () => {
  let lab: LabWorkbench | undefined;
  let checkout: BranchCheckout | undefined;
  let debug: KernelDebug | undefined;
  let guest: Guest;
  let page: Page;
  let source: string;
  /** `uname -v` of the guest. */
  let build: string;
  let shoot: LabWorkbench['shoot'];
  let step: LabWorkbench['step'];
  const lenses = (text: string | RegExp) => page.locator('.codelens-decoration a').filter({ hasText: text });
  const view = () => page.locator('.pane-body').filter({ has: page.locator('[role="treeitem"]') });

  before(async () => {
    const log = (line: string) => console.log(line);
    const tree = await kernelSource('6.1', log);
    debug = await labDebug(log);
    checkout = await branchCheckout(tree, EDITED.file, EDITED.functions);
    lab = await startLabWorkbench({
      prefix: 'source-',
      kernel: '6.1',
      userland: 'node',
      folder: checkout.root,
      settings: { 'terminal.integrated.gpuAcceleration': 'off' }, // text that can be found
      machineSettings: { 'packetTrace.kernelSource.debugInfo': debug?.root ?? '' },
    });
    ({ guest, page, source, shoot, step } = lab);
    build = (await guest.exec('uname -v')).stdout;
  });

  after(async () => {
    await lab?.stop();
    await checkout?.remove();
  });

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
      await assertOpen(page, definition(source, DEMO.open));
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
      await startTrace();
    });
  });

  test('a checkout of another release is told of, with what to get, until the user wants no more of it', async () => {
    await step('3-release', async () => {
      const version = /Debian ((\d+\.\d+\.\d+)\S*)/.exec(build);
      const toast = notification(page, OTHER_RELEASE);
      await toast
        .filter({ hasText: `the target runs ${version?.[2]} (${guest.release})` })
        .waitFor(VIEW_TIMEOUT);
      await toast.filter({ hasText: `linux-source-6.1 ${version?.[1]}` }).waitFor(VIEW_TIMEOUT);
      await shoot('3-release-told');
      await toast.locator('.monaco-button').filter({ hasText: 'Don’t Show Again' }).click(VIEW_TIMEOUT);
      await toast.waitFor({ state: 'hidden', ...VIEW_TIMEOUT });
    });
  });

  test('its packets appear, and no others', async () => {
    await step('3-packets', async () => {
      // Both pass netfilter's rules; those to itself are not dropped.
      await guest.exec(`${DEMO.traffic}; curl --silent 127.0.0.1`, { timeoutMs: 30_000 });
      await treeRows(page, DEMO.dropReason).first().waitFor(VIEW_TIMEOUT);
      await treeRows(page, /→ 127\.0\.0\.1:\d+ RST/)
        .first()
        .waitFor(VIEW_TIMEOUT); // the answer, the last packet
      await view().getByText(`only those through ${DEMO.open}`).waitFor(VIEW_TIMEOUT);
    });
  });

  test('the source says how many packets passed, the view shows just these', async () => {
    await step('4-lens', async () => {
      const lens = lenses(/\d\spackets?/)
        .locator('visible=true')
        .first();
      await lens.waitFor(VIEW_TIMEOUT);
      const rows = await treeRows(page, ' → ').count();
      const dropped = await treeRows(page, DEMO.dropReason).count();
      assert.ok(rows > dropped);
      const text = new RegExp(`^${rows}\\spackets,\\s${dropped}\\sdropped\\shere$`);
      await lens.filter({ hasText: text }).waitFor(VIEW_TIMEOUT);
    });
  });

  test('a click on a drop opens the line where it was, by the debug information that the settings name', async (t) => {
    if (debug === undefined) return t.skip(NO_DEBUG_PACKAGE);
    await step('5-drop', async () => {
      await expand(treeRows(page, DEMO.dropReason).first());
      await treeRows(page, /^dropped: /)
        .first()
        .click();
      await assertOpen(page, lineIn(source, DEMO.open, 'kfree_skb_reason('));
    });
  });

  test('a click on a function opens the right file and line', async () => {
    await step('6-function', async () => {
      await treeRows(page, new RegExp(`^${DEMO.open}`))
        .first()
        .click();
      await assertOpen(page, definition(source, DEMO.open));
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

  test('a stack trace in a terminal has links to its lines; where a function has another size, to it', async (t) => {
    if (debug === undefined) return t.skip(NO_DEBUG_PACKAGE);
    const { command, name } = WAITING;
    const waiting = `for i in $(seq 100); do grep -q ${name} /proc/$!/stack && break; sleep 0.1; done`;
    const { stdout } = await guest.exec(`${command} >/dev/null & ${waiting}; cat /proc/$!/stack; kill $!`);
    const frame = new RegExp(`${name}\\+0x([\\da-f]+)/0x([\\da-f]+)`).exec(stdout);
    assert.ok(frame !== null, stdout);
    const [text, offset = '', size = ''] = frame;
    const [called] = await callBefore(debug, { function: name, offset: parseInt(offset, 16) });
    const other = text.replace(/\w+$/, `0x${(parseInt(size, 16) + 16).toString(16)}`);
    await step('9-terminal', async () => {
      writeFileSync(join(lab?.home ?? '', 'stack'), `${stdout}of another kernel: ${other}\n`);
      await runCommand(page, 'Terminal: Create New Terminal');
      await page.locator('.terminal.xterm.focus').waitFor(VIEW_TIMEOUT);
      await page.keyboard.type('cat ~/stack\n');
      await followLink(text);
      await assertOpen(page, called!);
      await shoot('9-terminal-line');
      await followLink(other);
      const reason = notification(page, `Only the definition of ${name}`).filter({ hasText: 'not the same' });
      await reason.waitFor(VIEW_TIMEOUT);
      await assertOpen(page, definition(source, name));
    });
  });

  test('"Trace Functions Changed in This Branch" offers what git says and probes only that', async () => {
    await step('10-changed', async () => {
      await runCommand(page, 'Packet Trace: Stop Packet Trace');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden', ...VIEW_TIMEOUT });
      await runCommand(page, 'Packet Trace: Trace Functions Changed in This Branch');
      const { line } = definition(source, DEMO.open);
      const row = page.locator('.quick-input-list .monaco-list-row');
      await row
        .filter({ hasText: DEMO.open })
        .filter({ hasText: `${EDITED.file}:${line}` })
        .waitFor(VIEW_TIMEOUT);
      assert.equal(await row.count(), 1); // the other takes no packet
      const title = page
        .locator('.quick-input-title')
        .filter({ hasText: `${checkout?.branch}, since master` });
      await title.waitFor(VIEW_TIMEOUT);
      await shoot('10-changed-choice');
      await page.keyboard.press('Enter');
      await startTrace();
      // The log has it once more; it was not to be shown again.
      await until('the comparison', async () => (await lab!.logs()).split(OTHER_RELEASE).length === 3);
      await guest.exec(DEMO.traffic, { timeoutMs: 30_000 });
      const packet = treeRows(page, DEMO.dropReason).first();
      await packet.waitFor(VIEW_TIMEOUT);
      await expand(packet);
      await treeRows(page, new RegExp(`^${DEMO.open}`))
        .first()
        .waitFor(VIEW_TIMEOUT);
      // Functions that end packets are probed too, and are no steps.
      const steps = await treeRows(page, / · CPU /).allTextContents();
      const others = steps.filter((text) => !new RegExp(`^(?:${DEMO.open}|dropped: )`).test(text));
      assert.deepEqual(others, []);
      assert.equal(await notification(page, OTHER_RELEASE).count(), 0);
    });
  });

  async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + VIEW_TIMEOUT.timeout;
    while (!(await condition())) {
      assert.ok(Date.now() < deadline, `${what} did not come`);
      await sleep(200);
    }
  }

  async function startTrace(): Promise<void> {
    await answerTargetAndFilter(page, DEMO_HOST, 'tcp port 80');
    await quickInputMessage(page)
      .filter({ hasText: /instructions/ })
      .waitFor(VIEW_TIMEOUT);
    await page.keyboard.press('Enter');
    await statusBarItem(page, /events?\/s/).waitFor(TRACE_TIMEOUT);
  }

  /** Clicks on a text in the terminal, with the key that makes a click follow a link. */
  async function followLink(text: string): Promise<void> {
    const run = page.locator('.xterm-rows > div > span').filter({ hasText: text }).first();
    await run.waitFor(VIEW_TIMEOUT);
    const [box, characters] = [await run.boundingBox(), await run.textContent()];
    assert.ok(box !== null && characters !== null);
    const middle = (characters.indexOf(text) + text.length / 2) / characters.length;
    await page.mouse.move(box.x + middle * box.width, box.y + box.height / 2, { steps: 3 });
    await page
      .locator('.monaco-hover')
      .filter({ hasText: 'in the kernel checkout' })
      .first()
      .waitFor(VIEW_TIMEOUT);
    await page.keyboard.down('Control');
    await page.mouse.down();
    await page.mouse.up();
    await page.keyboard.up('Control');
  }
});
