/** sudo's log_output and log_input keep a copy of every byte: seen by the files that sudo itself has open. */
import { printable } from '../../base/printable.ts';

/** Lists the files that the sudo processes above this one have open, one a line. */
export const RECORDED_FILES = `pid=$PPID
for above in 1 2 3 4; do
  case $pid in ''|0|1) break ;; esac
  case $(cat "/proc/$pid/comm" 2>/dev/null) in
    sudo*) ls -l "/proc/$pid/fd" 2>/dev/null | sed -n 's/.* -> //p' ;;
  esac
  pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
done`;

/** @returns the folder of this session's record, if there is one */
export function recordedFolder(files: string): string | undefined {
  // sudoreplay(8): a folder a session, a file a stream.
  const file = /^(\/.*)\/(?:stdin|stdout|stderr|ttyin|ttyout)$/m.exec(files)?.[1];
  return file === undefined ? undefined : printable(file);
}
