import type { SkippedFunctions } from '../../common/protocol.ts';

/** Functions that are not probed, by reason. */
export class Skipped<Reason extends string = string> {
  readonly #byReason = new Map<Reason, string[]>();

  add(reason: Reason, ...names: string[]): void {
    if (names.length === 0) return;
    const known = this.#byReason.get(reason);
    if (known === undefined) this.#byReason.set(reason, names);
    else known.push(...names);
  }

  list(): SkippedFunctions[] {
    return [...this.#byReason].map(([reason, names]) => ({ reason, names }));
  }
}
