/**
 * Names of our groups of kprobe events: they say whose they are, so that traces of several agents keep apart
 * and the events of one that was killed can be told.
 */
import { readText } from '../../kernel/read-file.ts';

const PREFIX = 'kpt';
/** An event of a group that is still being made; see cleaner.ts. */
export const ARMING_EVENT = 'arming';

let count = 0;

/** A new name: this process's id and start time, and a number. */
export function newGroup(): string {
  return `${PREFIX}_${process.pid}_${startTime(process.pid) ?? 0}_${++count}`;
}

/**
 * Our groups whose process is gone.
 * @param definitions the contents of tracefs' kprobe_events
 * @param startTimeOf undefined: no such process
 */
export function staleGroups(
  definitions: string,
  startTimeOf: (pid: number) => number | undefined = startTime,
): string[] {
  const groups = new Map<string, boolean>();
  for (const [, group, pid, start] of definitions.matchAll(/^p:(kpt_(\d+)_(\d+)_\d+)\//gm)) {
    if (group === undefined || groups.has(group)) continue;
    groups.set(group, startTimeOf(Number(pid)) !== Number(start));
  }
  return [...groups].filter(([, stale]) => stale).map(([group]) => group);
}

/** Start time of a process in clock ticks since boot (proc_pid_stat(5), field 22): with the pid, unique. */
function startTime(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field, a name in parentheses, may hold anything.
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}
