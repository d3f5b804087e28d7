import type { RecentTraces, TraceChoice } from './recent.ts';
import { askFilter, type FilterAdviser } from '../filter/ask-filter.ts';
import { pickTarget } from './pick-target.ts';

/**
 * Asks for the target, then for the filter, from which one can go back to the target.
 * @param givenFilter not asked for when it is there
 * @returns undefined when the user gave up
 */
export async function askForTrace(
  givenFilter: string | undefined,
  recent: RecentTraces,
  adviser: FilterAdviser,
): Promise<TraceChoice | undefined> {
  for (;;) {
    const target = await pickTarget(recent);
    if (target === undefined) return undefined;
    if (givenFilter !== undefined) return { target, filter: givenFilter };
    const answer = await askFilter(recent.filterFor(target), adviser, {
      title: `Start Packet Trace: filter for ${target}`,
      back: true,
    });
    if (answer === undefined) return undefined;
    if (answer !== 'back') return { target, filter: answer.filter };
  }
}
