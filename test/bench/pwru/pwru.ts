/**
 * packet-trace beside pwru, in one guest, on the same loads, one after the other: the table of what a user of pwru
 * wins. Times in an emulator say nothing alone; their ratios do.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../../../build/paths.ts';
import { bootGuest } from '../../lab/guests/guest.ts';
import type { KernelName } from '../../lab/images/kernels.ts';
import { Home } from '../../lab/terminal/packet-trace.ts';
import { printTable } from '../table.ts';
import { BenchGuest } from './bench-guest.ts';
import { hitCosts } from './hit-costs.ts';
import { measureLoads } from './measures.ts';
import { PacketTraceTool } from './ours.ts';
import { type Row, rowCells, TABLE_HEAD } from './rows.ts';
import { Pwru } from './theirs.ts';

const RESULTS = join(repoRoot, 'bench', 'results.json');

export interface PwruOptions {
  kernels: readonly KernelName[];
  /** Of each figure. */
  tries: number;
  /** Short loads at few rates: to see that all works. */
  quick: boolean;
}

/** Measures, prints a table for each kernel, and writes all figures to bench/results.json. */
export async function pwruBenchmark({ kernels, tries, quick }: PwruOptions): Promise<void> {
  const log = (line: string) => console.error(line);
  const results: {
    kernel: string;
    release: string;
    pwru: string;
    tries: number;
    quick: boolean;
    rows: Row[];
  }[] = [];
  for (const kernel of kernels) {
    const guest = await bootGuest({ kernel, userland: 'node', log });
    const home = new Home(guest);
    let release: string;
    let version: string;
    const rows: Row[] = [];
    try {
      const ready = await BenchGuest.prepare(guest);
      const theirs = await Pwru.prepare(ready);
      ({ release } = guest);
      ({ version } = theirs);
      const tools = { ours: new PacketTraceTool(ready, home), theirs };
      rows.push(...(await measureLoads({ guest: ready, kernel, tries, quick, log, ...tools })));
    } finally {
      await home.dispose();
      await guest.stop();
    }
    rows.push(...(await hitCosts(kernel, log)));
    results.push({ kernel, release, pwru: version, tries, quick, rows });
    console.log(`\nLinux ${release}, beside pwru ${version}; ${tries} tries, their median (least–most)\n`);
    printTable(TABLE_HEAD, rows.map(rowCells));
    console.log(
      '\npwru runs in the guest. Of packet-trace the agent does; its other half, the editor side, runs on this machine,\n' +
        'outside of the guest, and is reached by SSH: times of both are added where it says so.',
    );
  }
  mkdirSync(join(repoRoot, 'bench'), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify({ date: new Date().toISOString(), results }, undefined, 2)}\n`);
  console.log(`\nall figures: ${RESULTS}`);
}
