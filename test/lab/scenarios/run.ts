/** All scenarios that a kernel can play, in one guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attached } from '../../../common/protocol.ts';
import type { Guest } from '../guests/guest.ts';
import { withGuest } from '../guests/retry.ts';
import type { KernelName } from '../images/kernels.ts';
import { GROUPS } from './data/groups.ts';
import { type Failure, play, ROOM } from './play.ts';
import { besidePwru, compare, type PwruHit } from './pwru.ts';
import type { Group } from './scenario.ts';
import type { Story } from './story.ts';
import { traceGuest } from './trace.ts';

/** pwru is built for it, and comes with its userland. */
const WITH_PWRU: KernelName = '6.12';
/**
 * Kprobes that the kernel has not optimised run in an exception that counts as an NMI, where an event is lost when
 * another CPU is just writing one: and an emulated CPU may be stopped while it does. With one CPU none is lost.
 */
const BY_BREAKPOINT: readonly KernelName[] = ['5.10', '6.1'];
/** In the kernel's ring buffer, in the mean of a whole group: of a single packet the first events tell most. */
const EVENT_BYTES = 40;

export function scenariosOn(kernel: KernelName): void {
  test(`scenarios on ${kernel}`, (t) => {
    const log = (line: string) => t.diagnostic(line);
    const smp = BY_BREAKPOINT.includes(kernel) ? { smp: 1 } : {};
    return withGuest({ kernel, userland: 'node', log, ...smp }, async (guest) => {
      const failures: string[] = [];
      let first = 0;
      for (const group of GROUPS) {
        const pwru = kernel === WITH_PWRU && group.functions === '';
        const { failed, missed, lacking, mean } = await playGroup({ guest, group, first, log, pwru });
        assert.ok(group.functions !== '' || mean <= EVENT_BYTES, `an event takes ${mean} bytes`);
        first += group.scenarios.length;
        failures.push(...lacking);
        // A hit that the kernel passed over is a step that cannot be seen.
        if (failed.length > 0 && missed > 0 && first + failed.length <= ROOM) {
          // As they were written: those that failed have the addresses of their first time.
          const names = failed.map(({ scenario }) => scenario.name);
          const scenarios = group.scenarios.filter(({ name }) => names.includes(name));
          log(`the kernel passed over ${missed} hits; once more: ${names.join('; ')}`);
          const again = { ...group, name: `${group.name}, once more`, scenarios };
          failures.push(
            ...(await playGroup({ guest, group: again, first, log, pwru: false })).failed.map(
              ({ text }) => text,
            ),
          );
          first += scenarios.length;
        } else failures.push(...failed.map(({ text }) => text));
      }
      assert.equal(failures.length, 0, `${failures.length} scenarios failed\n${failures.join('\n\n')}`);
    });
  });
}

async function playGroup(options: {
  guest: Guest;
  group: Group;
  first: number;
  log: (line: string) => void;
  pwru: boolean;
}): Promise<{ failed: Failure[]; missed: number; lacking: string[]; mean: number }> {
  const { guest, group, first, log, pwru } = options;
  let attached: Attached | undefined;
  let hits: PwruHit[] = [];
  const { failures, stories, end } = await play({
    guest,
    group,
    first,
    log,
    trace: async () => {
      const trace = await traceGuest(guest, group);
      attached = trace.capture.attached;
      return trace;
    },
    ...(pwru && {
      beside: async (send) => {
        hits = await besidePwru(guest, group.filter, send);
      },
    }),
  });
  const mean = end.bytes / (end.agent?.events ?? 0);
  const { lost, missed, untracked, incomplete, why } = end;
  log(
    `${group.name}: ${end.events} events of ${mean.toFixed(1)} bytes, ${missed} missed; stories ${JSON.stringify(counts(stories))}`,
  );
  const whole = { why: 'stopped', lost: 0, untracked: 0, incomplete: undefined };
  assert.deepEqual({ why, lost, untracked, incomplete }, whole);
  const lacking = pwru && attached !== undefined ? comparison(hits, stories, attached, missed, log) : [];
  return { failed: failures, missed, lacking, mean };
}

function counts(stories: readonly Story[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of stories) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** Of pwru's hits none may be lacking but for those that the kernel passed over when our program's turn was. */
function comparison(
  hits: readonly PwruHit[],
  stories: readonly Story[],
  attached: Attached,
  missed: number,
  log: (line: string) => void,
): string[] {
  const { both, notProbed, lacking } = compare(hits, stories, attached);
  log(`pwru: ${hits.length} hits, ${both} of them ours too, ${lacking.length} not`);
  for (const [why, count] of notProbed) log(`pwru: ${count} hits that we leave out: ${why}`);
  if (both > 0 && lacking.length <= missed) return [];
  return [
    `pwru told of ${hits.length} hits, of which we have ${both} and lack ${lacking.length}: ${lacking.join(', ')}`,
  ];
}
