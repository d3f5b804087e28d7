/**
 * Names of our groups of kprobe events: they say whose they are, so that traces of several agents keep apart
 * and the events of one that was killed can be told.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { readText } from '../../kernel/read-file.ts';

const PREFIX = 'kpt';
/** An event of a group that is still being made; see cleaner.ts. */
export const ARMING_EVENT = 'arming';
/** The namespace that sees every process (PROC_PID_INIT_INO of include/linux/proc_ns.h). */
const INITIAL_NAMESPACE = 0xeffffffc;

let count = 0;

/** What is known of the processes of this machine. */
export interface Processes {
  /** Inode number of our PID namespace. A container shares tracefs with its host, and its numbers are its own. */
  namespace: number;
  /** Of a process of it, in clock ticks since boot; undefined: there is none. */
  startTime(pid: number): number | undefined;
  /** Whether a namespace has processes; true where we cannot know. */
  isAlive(namespace: number): boolean;
}

/** A new name: this process's namespace, id and start time, and a number. */
export function newGroup(): string {
  return `${PREFIX}_${ownNamespace()}_${process.pid}_${startTime('self') ?? 0}_${++count}`;
}

/**
 * Our groups whose process is gone.
 * @param definitions the contents of tracefs' kprobe_events
 */
export function staleGroups(definitions: string, processes: Processes = thisMachine()): string[] {
  const groups = new Map<string, boolean>();
  for (const match of definitions.matchAll(/^p:(kpt_(\d+)_(\d+)_(\d+)_\d+)\//gm)) {
    const [, group = '', namespace, pid, start] = match;
    if (groups.has(group)) continue;
    const isAlive =
      Number(namespace) === processes.namespace
        ? processes.startTime(Number(pid)) === Number(start)
        : processes.isAlive(Number(namespace));
    groups.set(group, !isAlive);
  }
  return [...groups].filter(([, stale]) => stale).map(([group]) => group);
}

function thisMachine(): Processes {
  const namespace = ownNamespace();
  return {
    namespace,
    startTime: (pid) => startTime(`${pid}`),
    isAlive: (other) => namespace !== INITIAL_NAMESPACE || hasProcesses(other),
  };
}

/** The number of the PID namespace that this process is in. */
export function ownNamespace(): number {
  return namespaceOf('self') ?? 0;
}

function hasProcesses(namespace: number): boolean {
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace);
}

function namespaceOf(process: string): number | undefined {
  try {
    const inode = /^pid:\[(\d+)\]$/.exec(readlinkSync(`/proc/${process}/ns/pid`))?.[1];
    return inode === undefined ? undefined : Number(inode);
  } catch {
    return undefined; // gone
  }
}

/** Start time of a process in clock ticks since boot (proc_pid_stat(5), field 22): with the pid, unique. */
function startTime(process: string): number | undefined {
  const stat = readText(`/proc/${process}/stat`);
  // The second field, a name in parentheses, may hold anything.
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}
