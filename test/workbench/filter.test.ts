/**
 * Filters as a language in a real VS Code: colours, squiggles, quick fixes, hover, completion, hints, the
 * listing of the compiled program, and how soon the verdict is there after a keystroke.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { packageVsix } from '../../build/package.ts';
import { repoRoot } from '../../build/paths.ts';
import {
  answerTargetAndFilter,
  chooseFile,
  editorLines,
  fillQuickInput,
  notification,
  openFile,
  quickInput,
  quickInputMessage,
  runCommand,
} from '../../build/workbench/actions.ts';
import { startWorkbench, type Workbench } from '../../build/workbench/workbench.ts';

/** What is used of a browser's global object, in functions that run there. */
interface BrowserGlobal {
  getComputedStyle(element: unknown): { color: string };
  performance: { now(): number };
  document: {
    body: unknown;
    querySelector(selector: string): { textContent: string | null } | null;
    addEventListener(type: 'keydown', listener: () => void, options: { capture: true; once: true }): void;
  };
  MutationObserver: new (changed: () => void) => {
    observe(target: unknown, options: Record<string, boolean>): void;
    disconnect(): void;
  };
}

const OUT = join(repoRoot, 'test/workbench/out');
const WAIT = { timeout: 30_000 };

const files: Record<string, string> = {
  'web.pcapfilter': [
    '# Web traffic of the test network, connections being opened',
    'src net 192.0.2.0/24',
    'and (dst port 80 or https or ip proto \\sctp)',
    'and tcp[tcpflags] & (tcp-syn | tcp-ack) = tcp-syn',
    'and not ether host 02:00:00:00:00:01',
    'or icmp6[icmp6type] = icmp6-packettoobig',
    '',
  ].join('\n'),
  'typed.pcapfilter': '',
  // As a downloaded folder might have it: VS Code makes links of such text in notifications.
  'link.pcapfilter': '[Repair it](command:workbench.action.toggleSidebarVisibility "Repair")',
  '.vscode/launch.json': JSON.stringify(
    {
      version: '0.2.0',
      configurations: [
        {
          type: 'packet-trace',
          request: 'launch',
          name: 'Resets of web connections',
          target: 'local',
          filter: 'ip proto \\tcp and tcp port 80 and tcp[13] & 4 != 0',
        },
        {
          type: 'packet-trace',
          request: 'launch',
          name: 'A filter with a fault',
          target: 'local',
          filter: 'tcp.port == 443',
        },
      ],
    },
    undefined,
    2,
  ),
};

/** Raw IPv4 packets from 192.0.2.1 to port 80 (pcap-savefile(5), LINKTYPE_RAW); TCP ones have SYN set. */
function captureFile(protocols: readonly ('tcp' | 'udp')[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262144, 16);
  header.writeUInt32LE(101, 20);
  const records = protocols.map((protocol) => {
    const record = Buffer.alloc(16 + 40);
    record.writeUInt32LE(40, 8);
    record.writeUInt32LE(40, 12);
    const packet = record.subarray(16);
    packet.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol === 'tcp' ? 6 : 17]);
    packet.set([192, 0, 2, 1, 198, 51, 100, 7, 0x9c, 0x40, 0, 80], 12);
    packet.set([0x50, 2], 32);
    return record;
  });
  return Buffer.concat([header, ...records]);
}

describe('filters in the workbench', { timeout: 10 * 60 * 1000 }, () => {
  let workbench: Workbench | undefined;
  let folder: string;
  let page: Page;

  const log = (line: string) => console.log(line);
  const shoot = (name: string) => page.screenshot({ path: join(OUT, `filter-${name}.png`) });

  async function step(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      await shoot(name);
    } catch (error) {
      await shoot(`${name}-failed`).catch(() => undefined);
      console.log(await workbench?.logs());
      throw error;
    }
  }

  /** Replaces the text of the active editor. */
  async function typeFilter(text: string): Promise<void> {
    await editorLines(page).click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.keyboard.type(text);
  }

  const word = (text: string): Locator =>
    editorLines(page).locator('.view-line span span').filter({ hasText: text }).first();

  const colourOf = (span: Locator): Promise<string> =>
    span.evaluate((element) => (globalThis as unknown as BrowserGlobal).getComputedStyle(element).color);

  const suggestions = () => page.locator('.suggest-widget.visible .monaco-list-row');

  before(async () => {
    mkdirSync(OUT, { recursive: true });
    folder = await mkdtemp(join(tmpdir(), 'kpt-filters-'));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const vsix = await packageVsix();
    const settings = { 'editor.minimap.enabled': false, 'editor.fontSize': 14, 'editor.hover.delay': 100 };
    workbench = await startWorkbench({ folder, vsix, settings, log });
    page = await workbench.openPage({ width: 1400, height: 760 });
  });

  after(async () => {
    await workbench?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('a filter file is highlighted, ports and protocols have hints', async () => {
    await step('1-highlighting', async () => {
      await openFile(page, 'web.pcapfilter');
      await editorLines(page).getByText('http', { exact: true }).waitFor(WAIT); // the hint of 80
      const colours = new Set<string>();
      for (const text of ['src', 'tcp-syn', 'tcp', '192.0.2.0', 'https'])
        colours.add(await colourOf(word(text)));
      assert.ok(colours.size >= 4, [...colours].join());
    });
  });

  test('hover explains an access by offset', async () => {
    await step('2-hover', async () => {
      await word('tcpflags').hover();
      await page.locator('.monaco-hover').getByText('TCP flags, offset 13, 1 byte').waitFor(WAIT);
    });
  });

  test('a bad filter has a squiggle at its fault, and a quick fix that mends it', async () => {
    await step('3-squiggle', async () => {
      await openFile(page, 'typed.pcapfilter');
      await typeFilter('ip and tcp.port == 80');
      await page.locator('.squiggly-error').waitFor(WAIT);
      await shoot('3-squiggle-bad');
      await word('tcp.port').hover();
      await page.locator('.monaco-hover').getByText('Wireshark').first().waitFor(WAIT);
      await shoot('3-squiggle-message');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+.');
      await page.locator('.action-widget').getByText('to "tcp port"').first().waitFor(WAIT);
      await shoot('3-squiggle-fixes');
      await page.keyboard.press('Enter');
      await page.locator('.squiggly-error').waitFor({ state: 'detached', ...WAIT });
      const text = (await editorLines(page).textContent())?.replaceAll('\u00a0', ' ');
      assert.match(text ?? '', /^ip and tcp port 80/);
    });
  });

  test('completion knows the place in the grammar', async () => {
    await step('4-completion', async () => {
      await typeFilter('tcp dst port ');
      await page.keyboard.press('Control+Space');
      await page.keyboard.type('ht');
      await suggestions().filter({ hasText: '443' }).first().waitFor(WAIT);
      await shoot('4-completion-ports');
      await page.keyboard.press('Enter');
      await page.keyboard.type(' and tcp[');
      await suggestions().filter({ hasText: 'tcpflags' }).first().waitFor(WAIT);
    });
  });

  test('filters in launch.json: colours, squiggle, hover through JSON escapes', async () => {
    await step('5-launch', async () => {
      await page.keyboard.press('Escape');
      await openFile(page, 'launch.json');
      await page.locator('.squiggly-error').waitFor(WAIT);
      const [other, protocol, name] = await Promise.all(
        ['local', 'proto', 'Resets'].map((text) => colourOf(word(text))),
      );
      assert.equal(name, other, 'other strings have one colour');
      assert.notEqual(protocol, other);
      await word('13').hover();
      await page.locator('.monaco-hover').getByText('TCP flags, offset 13, 1 byte: RST bit').waitFor(WAIT);
    });
  });

  test('the compiled program is shown beside the filter', async () => {
    await step('6-compiled', async () => {
      await openFile(page, 'web.pcapfilter');
      await runCommand(page, 'Packet Trace: Show Compiled Filter');
      await page.locator('.tab').filter({ hasText: 'Compiled Filter' }).waitFor(WAIT);
      await page.locator('.view-lines').getByText('DLT_EN10MB').first().waitFor(WAIT);
    });
  });

  test('a filter in a message is text, whatever it says', async () => {
    await step('6-link', async () => {
      await openFile(page, 'link.pcapfilter');
      await runCommand(page, 'Packet Trace: Show Compiled Filter');
      const toast = notification(page, '[Repair it] (command:');
      await toast.waitFor(WAIT);
      assert.equal(await toast.locator('a[href], .monaco-link').count(), 0);
      await page.keyboard.press('Escape');
    });
  });

  test('packets of a capture file that match are marked', async () => {
    await step('6-match', async () => {
      await openFile(page, 'typed.pcapfilter');
      await typeFilter('tcp dst port 80');
      await writeFile(join(folder, 'three.pcap'), captureFile(['tcp', 'udp', 'tcp']));
      await runCommand(page, 'Packet Trace: Match Filter Against a pcap File…');
      await chooseFile(page, 'Capture file to match', folder, 'three.pcap');
      await page.locator('.tab').filter({ hasText: 'Matching Packets' }).waitFor(WAIT);
      await page.locator('.view-lines').getByText('2 of 3 packets match').first().waitFor(WAIT);
    });
  });

  test('the filter box: verdict, fix and completions below it', async () => {
    await step('7-box', async () => {
      await runCommand(page, 'Packet Trace: Start Packet Trace');
      await answerTargetAndFilter(page, 'local', 'tcp.port == 80');
      const fix = quickInputMessage(page).filter({ hasText: 'tcp port 80' }).first();
      await fix.waitFor(WAIT);
      await shoot('7-box-bad');
      await fix.click();
      await quickInputMessage(page)
        .filter({ hasText: /instructions/ })
        .waitFor(WAIT);
      assert.equal(await quickInput(page).inputValue(), 'tcp port 80');
      await fillQuickInput(page, 'tcp port 80 or udp dst port ');
      await quickInputMessage(page).filter({ hasText: 'domain' }).first().waitFor(WAIT);
    });
  });

  test('the verdict on a keystroke: how soon', async () => {
    await step('8-verdict', async () => {
      const texts = [
        'tcp port 80 and src net 192.0.2.0/24',
        'udp port 53 or icmp6',
        'vlan 100 and ip[8] < 5',
      ];
      const box: number[] = [];
      for (const text of texts) {
        await fillQuickInput(page, '');
        for (let end = 1; end <= text.length; end++) {
          // The verdict on a space looks as the one before it.
          if (text[end - 1] === ' ') await page.keyboard.type(' ');
          else box.push(await keystroke(text.slice(0, end)));
        }
      }
      report('filter box', box);
    });
  });

  /** Types the last character into the box; milliseconds until the list begins with the verdict on the text. */
  async function keystroke(text: string): Promise<number> {
    const watch = await page.evaluateHandle((wanted) => {
      const { document, performance, MutationObserver } = globalThis as unknown as BrowserGlobal;
      const row = '.quick-input-list .monaco-list-row[data-index="0"] .label-name';
      let pressed = NaN;
      document.addEventListener('keydown', () => (pressed = performance.now()), {
        capture: true,
        once: true,
      });
      const result = new Promise<number>((resolve) => {
        const observer = new MutationObserver(() => {
          if (document.querySelector(row)?.textContent?.replaceAll('\u00a0', ' ').trim() !== wanted) return;
          observer.disconnect();
          resolve(performance.now() - pressed);
        });
        observer.observe(document.body, { childList: true, subtree: true, characterData: true });
      });
      return { result };
    }, text);
    await page.keyboard.type(text.at(-1) ?? '');
    return watch.evaluate(({ result }) => result);
  }

  function report(where: string, times: number[]): void {
    const sorted = [...times].sort((a, b) => a - b);
    const at = (share: number) => `${sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(0)} ms`;
    log(
      `keystroke to verdict in the ${where}: median ${at(0.5)}, 95% ${at(0.95)}, most ${at(1)} (${times.length})`,
    );
  }
});
