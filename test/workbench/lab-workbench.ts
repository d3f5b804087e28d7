/** A workbench on a kernel checkout, with a guest of the same kernel to trace, for the tests of both. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { DEMO, DEMO_HOST } from '../../build/demo/scenario.ts';
import { sshConfigFor } from '../../build/demo/ssh-config.ts';
import { kernelSource } from '../../build/kernel-source.ts';
import { packageVsix } from '../../build/package.ts';
import { repoRoot } from '../../build/paths.ts';
import { startWorkbench, type Workbench } from '../../build/workbench/workbench.ts';
import { bootGuest, type Guest } from '../lab/guest.ts';

const OUT = join(repoRoot, 'test/workbench/out');

/** Connecting, uploading and attaching under emulation; a user's machine takes a few seconds. */
export const TRACE_TIMEOUT = { timeout: 120_000 };
export const VIEW_TIMEOUT = { timeout: 30_000 };

export interface LabWorkbench {
  readonly guest: Guest;
  readonly page: Page;
  /** The checkout that is open as the workspace folder. */
  readonly source: string;
  /** Takes a screenshot. */
  readonly shoot: (name: string) => Promise<void>;
  /** Does one step of a test and takes a screenshot; one that fails leaves the logs too. */
  readonly step: (name: string, work: () => Promise<void>) => Promise<void>;
  stop(): Promise<void>;
}

/** @param prefix of the screenshots' names */
export async function startLabWorkbench(prefix = ''): Promise<LabWorkbench> {
  const log = (line: string) => console.log(line);
  mkdirSync(OUT, { recursive: true });
  const [guest, source, vsix] = await Promise.all([
    bootGuest({ kernel: '6.12', userland: 'bare', log }),
    kernelSource('6.12', log),
    packageVsix(),
  ]);
  let workbench: Workbench | undefined;
  const stop = async () => {
    await workbench?.stop();
    await guest.stop();
  };
  try {
    assert.equal((await guest.exec(DEMO.setup)).code, 0);
    const home = { '.ssh/config': sshConfigFor(guest, DEMO_HOST) };
    const started = (workbench = await startWorkbench({ folder: source, vsix, home, log }));
    const page = await workbench.openPage({ width: 1400, height: 860 });
    const shoot = async (name: string) => {
      await page.screenshot({ path: join(OUT, `${prefix}${name}.png`) });
    };
    const step = async (name: string, work: () => Promise<void>) => {
      try {
        await work();
        await shoot(name);
      } catch (error) {
        await shoot(`${name}-failed`).catch(() => undefined);
        console.log(await started.logs());
        if (guest.panicked())
          console.log(`the lab's fault, the guest panicked:\n${guest.console().slice(-3000)}`);
        throw error;
      }
    };
    return { guest, page, source, shoot, step, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
