/**
 * Removes kprobe events after their trace. They are disarmed when the agent closes them or dies; what stays are
 * definitions that cost nothing and take the kernel 20 ms each to remove (an RCU grace period). So a small shell
 * does it in the background, and outlives the agent even when that was killed.
 */
import { spawn } from 'node:child_process';
import { ARMING_EVENT, ownNamespace } from './group.ts';

/**
 * $1: tracefs, $2: groups with spaces between, $3: our PID namespace. First waits for the end of its standard input, whose other end
 * only the agent has. Removes definition by definition, since the kernel's lock for all kprobe events is held
 * during a removal, and not while another trace is making its definitions: the two would take turns. A
 * definition that is still armed refuses (EBUSY), so again after a pause. Who makes definitions is known by its
 * start time too, field 22 of /proc/PID/stat: the number may be another's by now. Of other namespaces nothing is known,
 * and nobody waits for them. Shell built-ins and sleep, no more.
 */
const SCRIPT = `
read -r line
tracefs=$1 groups=$2 namespace=$3
events=$tracefs/kprobe_events
pass=0
while [ $((pass += 1)) -le 1000 ]; do
  left=0 removed=0
  while read -r line; do
    name=\${line%%/*}
    case " $groups " in *" \${name#p:} "*) ;; *) continue ;; esac
    left=1
    for marker in "$tracefs"/events/kpt_*/${ARMING_EVENT}; do
      [ -d "$marker" ] || continue
      owner=\${marker#*/events/kpt_"$namespace"_}
      pid=\${owner%%_*} owner=\${owner#*_}
      read -r stat <"/proc/$pid/stat" || continue
      set -- \${stat##*) }
      [ "\${20}" = "\${owner%%_*}" ] && left=2 && break 2
    done
    { printf '%s\\n' "-\${line#p}" >>"$events"; } && removed=1
  done <"$events"
  [ $left = 0 ] && exit
  [ $left = 1 ] && [ $removed = 1 ] || sleep 0.2
done
`;

export interface Cleaner {
  /** Begins to remove; happens by itself when this process ends. */
  release(): void;
}

/**
 * Starts a process that removes the groups' definitions once released.
 * @throws Error when there is no /bin/sh
 */
export async function startCleaner(tracefs: string, groups: readonly string[]): Promise<Cleaner> {
  const words = ['-c', SCRIPT, 'packet-trace-cleaner', tracefs, groups.join(' '), `${ownNamespace()}`];
  const child = spawn('/bin/sh', words, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  child.stdin.on('error', () => undefined); // it may have been killed
  (child.stdin as unknown as { unref(): void }).unref();
  return {
    release: () => {
      child.stdin.end();
    },
  };
}
