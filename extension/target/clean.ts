/** Takes everything of ours off a target, and tells what that was. */
import { printable } from '../base/printable.ts';
import { reachTarget } from './connect.ts';
import type { ConnectOptions } from './connection.ts';
import { TARGET_FOLDERS } from './deploy/folder.ts';
import { ONLY_ROOT } from './deploy/only-root.ts';
import { Root } from './root/root.ts';
import type { RootSession } from './root/session.ts';
import { quote, runScript } from './shell.ts';
import type { Shell } from './shell.ts';

export interface CleanReport {
  /** As the user named the target. */
  label: string;
  removed: { path: string; bytes: number }[];
  /** Definitions of kprobe events of traces that are gone; they cost nothing. */
  probes: number;
  kept: { path: string; why: string }[];
  /** Process ids of agents whose traces go on. */
  running: number[];
}

/** A definition takes the kernel 20 ms to remove, and a trace may have left 2,000. */
const CLEAN_LIMIT_MS = 300_000;
/** Where versions before this one put their files, in the home of the user who logged in. */
const OLD_FOLDER = '.cache/kernel-packet-trace/target';

/** Names are those of bundles, of unfinished ones, of facts of the kernel and of what tries a folder out: nothing else is touched. */
const REMOVE = `gone() { # PATH...
  for path; do
    [ -e "$path" ] || [ -L "$path" ] || continue
    kilobytes=$(du -sk "$path" 2>/dev/null | cut -f 1)
    if why=$(rm -rf "$path" 2>&1) && [ ! -e "$path" ]; then printf 'removed\\t%s\\t%s\\n' "$path" "\${kilobytes:-0}"
    else printf 'kept\\t%s\\t%s\\n' "$path" "$(printf '%s' "$why" | tr '\\t\\n' '  ')"; fi
  done
}
empty() { # FOLDER
  cd "$1" 2>/dev/null || return
  for path in agent-* node-* facts-* .tmp-*; do
    case $path in *[!a-z0-9.-]*) continue ;; esac
    gone "$1/$path"
  done
  rm -f .runs
  cd /
  rmdir "$1" 2>/dev/null && printf 'removed\\t%s\\t0\\n' "$1"
}`;

/** As the user: as root it could be led elsewhere by links of the user's. */
const OLD_SCRIPT = `${REMOVE}
empty "$HOME/${OLD_FOLDER}"
rmdir "$HOME/.cache/kernel-packet-trace" 2>/dev/null
exit 0`;

const script = (folders: readonly string[]) => `${ONLY_ROOT}
${REMOVE}
for folder in ${folders.map(quote).join(' ')}; do
  [ -e "$folder" ] || [ -L "$folder" ] || continue
  dir=$(cd "$folder" 2>/dev/null && pwd -P)
  above=$(cd "$(dirname "$folder")" && pwd -P)
  [ "$dir" = "\${above%/}/$(basename "$folder")" ] || { printf 'kept\\t%s\\tit is a link\\n' "$folder"; continue; }
  set -f
  if why=$(only_root "$dir" 0); then set +f; empty "$dir"
  else set +f; printf 'kept\\t%s\\t%s\\n' "$dir" "$why"; fi
done
for process in /proc/[0-9]*; do
  case $(tr '\\0' ' ' < "$process/cmdline" 2>/dev/null) in
    */agent-*/agent.cjs' serve '*) printf 'running\\t%s\\n' "\${process#/proc/}" ;;
  esac
done
for tracefs in /sys/kernel/tracing /sys/kernel/debug/tracing; do
  [ -f "$tracefs/kprobe_events" ] && break
done
# A group's name says whose it is: kpt_PID_START_NUMBER. All are read first: the list changes with each removal.
definitions=$(grep '^p:kpt_' "$tracefs/kprobe_events" 2>/dev/null)
printf '%s\n' "$definitions" | while IFS= read -r line; do
  [ -n "$line" ] || continue
  owner=\${line#p:kpt_}
  pid=\${owner%%_*}
  owner=\${owner#*_}
  stat=$(cat "/proc/$pid/stat" 2>/dev/null)
  set -f
  set -- \${stat##*) }
  set +f
  [ "\${20}" != "\${owner%%_*}" ] || continue
  { printf '%s\\n' "-\${line#p}" >> "$tracefs/kprobe_events"; } 2>/dev/null && printf 'probe\\n'
done
exit 0`;

/** @throws PacketTraceError when the target is not reached or root is not */
export function cleanTarget(options: ConnectOptions): Promise<CleanReport> {
  return reachTarget(options, async ({ shell, platform: { uid, user } }, request) => {
    const { signal, log, prompts, targetFolder, onProgress } = request;
    onProgress?.(`Cleaning ${shell.name}`);
    const old = await removeFromHome(shell, signal);
    const root = await Root.gain({ shell, uid, user, prompts, log }, signal);
    const session = await root.take(signal);
    const report = await removeAsRoot(session, targetFolder, signal);
    session.dispose();
    shell.dispose();
    return { label: options.target.trim(), ...report, removed: [...old, ...report.removed] };
  });
}

export async function removeFromHome(shell: Shell, signal?: AbortSignal): Promise<CleanReport['removed']> {
  return readReport((await runScript(shell, OLD_SCRIPT, { signal })).stdout).removed;
}

/** @param folder see ConnectOptions.targetFolder */
export async function removeAsRoot(
  session: RootSession,
  folder: string | undefined,
  signal?: AbortSignal,
): Promise<Omit<CleanReport, 'label'>> {
  const folders = [...TARGET_FOLDERS, ...(folder === undefined ? [] : [folder])];
  const { output } = await session.run(script(folders), { signal, timeoutMs: CLEAN_LIMIT_MS });
  return readReport(output);
}

function readReport(output: string): Omit<CleanReport, 'label'> {
  const lines = output.split('\n').map((line) => line.split('\t'));
  const of = (kind: string) => lines.filter(([first]) => first === kind);
  return {
    removed: of('removed').map(([, path = '', kilobytes]) => ({
      path: printable(path),
      bytes: (Number(kilobytes) || 0) * 1024,
    })),
    probes: of('probe').length,
    kept: of('kept').map(([, path = '', why = '']) => ({
      path: printable(path),
      why: printable(why.trim()),
    })),
    running: of('running').map(([, pid]) => Number(pid)),
  };
}
