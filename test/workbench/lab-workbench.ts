/** A workbench on a kernel checkout, with a guest to trace, for the tests of both. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { DEMO, DEMO_HOST } from '../../build/demo/scenario.ts';
import { sshConfigFor } from '../../build/demo/ssh-config.ts';
import { kernelSource, type SourceSeries } from '../../build/packages/kernel-source.ts';
import { packageVsix } from '../../build/package.ts';
import { repoRoot } from '../../build/paths.ts';
import { startWorkbench, type Workbench, type WorkbenchOptions } from '../../build/workbench/workbench.ts';
import { bootGuest, type Guest, type Userland } from '../lab/guests/guest.ts';

const OUT = join(repoRoot, 'test/workbench/out');

/** Connecting, uploading and attaching under emulation; a user's machine takes a few seconds. */
export const TRACE_TIMEOUT = { timeout: 240_000 };

export interface LabWorkbench {
  readonly guest: Guest;
  readonly page: Page;
  /** The checkout that is open as the workspace folder. */
  readonly source: string;
  /** HOME of the terminals. */
  readonly home: string;
  /** The end of the logs of the server and the extension. */
  readonly logs: () => Promise<string>;
  /** Takes a screenshot. */
  readonly shoot: (name: string) => Promise<void>;
  /** Does one step of a test and takes a screenshot; one that fails leaves the logs too. */
  readonly step: (name: string, work: () => Promise<void>) => Promise<void>;
  stop(): Promise<void>;
}

export interface LabWorkbenchOptions extends Pick<WorkbenchOptions, 'settings' | 'machineSettings'> {
  /** Of the screenshots' names. */
  prefix?: string;
  /** Of the guest. */
  kernel?: SourceSeries;
  /** `bare`: the guest has no Node; uploading one takes a minute on a busy machine. */
  userland?: Userland;
  /** The checkout; by default the source of the guest's kernel. */
  folder?: string;
}

export async function startLabWorkbench({
  prefix = '',
  kernel = '6.12',
  userland = 'bare',
  folder,
  ...settings
}: LabWorkbenchOptions = {}): Promise<LabWorkbench> {
  const log = (line: string) => console.log(line);
  mkdirSync(OUT, { recursive: true });
  const [guest, source, vsix] = await Promise.all([
    bootGuest({ kernel, userland, log }),
    folder ?? kernelSource(kernel, log),
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
    const started = (workbench = await startWorkbench({ folder: source, vsix, home, log, ...settings }));
    const page = await workbench.openPage({ width: 1400, height: 860 });
    const shoot = async (name: string) => {
      await page.screenshot({ path: join(OUT, `${prefix}${name}.png`) });
    };
    const logs = () => started.logs();
    const step = async (name: string, work: () => Promise<void>) => {
      try {
        await work();
        await shoot(name);
      } catch (error) {
        await shoot(`${name}-failed`).catch(() => undefined);
        console.log(await logs());
        if (guest.panicked())
          console.log(`the lab's fault, the guest panicked:\n${guest.console().slice(-3000)}`);
        throw error;
      }
    };
    return { guest, page, source, home: started.home, logs, shoot, step, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
