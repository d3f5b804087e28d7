import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '../base/errors.ts';
import type { FilterAnalysis } from './diagnostics/diagnostic.ts';

/**
 * How long an analysis may go on when a newer one is wanted, in milliseconds. Ending it ends its worker, and
 * starting another takes longer than nearly every analysis.
 */
export const GRACE_MS = 100;

/** Analyses the newest of texts that come one after the other, as a user types. */
export class PatientAnalysis {
  private newest = 0;
  private running: Promise<unknown> = Promise.resolve();

  /** @param analyseNow ends the analysis before it */
  constructor(private readonly analyseNow: (text: string) => Promise<FilterAnalysis>) {}

  /** @throws PacketTraceError `cancelled` when a newer text came meanwhile, and what the analysis throws */
  async analyse(text: string): Promise<FilterAnalysis> {
    const number = ++this.newest;
    await Promise.race([this.running, sleep(GRACE_MS)]);
    if (number !== this.newest) throw cancelled();
    const analysis = this.analyseNow(text);
    this.running = analysis.catch(() => undefined); // its caller hears of it
    return analysis;
  }
}
