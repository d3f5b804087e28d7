/** Where on the target the agent and Node go: the first folder that root alone writes and that programs run from. */
import { PacketTraceError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { Bundle } from '../assets.ts';
import type { RootSession } from '../root/session.ts';
import { quote } from '../shell.ts';
import { sizesMatch } from './bundle-checks.ts';
import { ONLY_ROOT } from './only-root.ts';
import { UNFINISHED } from './unfinished.ts';

/** Kept over reboots; for a read-only or full /var; and where there is only a little of anything. */
export const TARGET_FOLDERS = [
  '/var/cache/kernel-packet-trace',
  '/run/kernel-packet-trace',
  '/var/tmp/kernel-packet-trace',
] as const;

export interface FolderRequest {
  /** In place of TARGET_FOLDERS. */
  folder: string | undefined;
  agent: Bundle;
  /** Ours, for where the target has none that is safe to run. */
  node: Bundle;
  /** The target's own. */
  ownNode: string | undefined;
  /** A user who is root anyway: what only he can change is safe. */
  trustedUid: number;
}

export interface ChosenFolder {
  /** Its physical path. */
  dir: string;
  hasAgent: boolean;
  hasNode: boolean;
  /** The target's Node by its physical path, or why root does not run it; undefined where there is none. */
  ownNode: { path: string } | { refused: string } | undefined;
}

interface Refused {
  folder: string;
  kind: string;
  words: string;
}

/** @throws PacketTraceError `deploy`, `target-no-space` when there is none */
export async function chooseFolder(
  session: RootSession,
  request: FolderRequest,
  signal?: AbortSignal,
): Promise<ChosenFolder> {
  const { output } = await session.run(script(request), { signal });
  const lines = output.split('\n').map((line) => line.split('\t'));
  const value = (key: string) => lines.find(([name]) => name === key)?.[1];
  const dir = value('chosen');
  if (dir === undefined) {
    const refused = lines
      .filter(([name]) => name === 'refused')
      .map(([, folder = '', kind = '', words = '']): Refused => ({ folder, kind, words }));
    throw noFolder(session.name, refused, output);
  }
  const [path, why] = [value('node'), value('node-refused')];
  return {
    dir,
    hasAgent: value('has-agent') === 'yes',
    hasNode: value('has-node') === 'yes',
    ownNode: path !== undefined ? { path } : why !== undefined ? { refused: printable(why) } : undefined,
  };
}

function script({ folder, agent, node, ownNode, trustedUid }: FolderRequest): string {
  const kilobytes = ({ files }: Bundle) => Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1024);
  const has = (bundle: Bundle) =>
    `(cd "$dir"/${quote(bundle.name)} 2>/dev/null && ${sizesMatch(bundle)}) && has=yes || has=no`;
  return `set -f
umask 077
${ONLY_ROOT}
${UNFINISHED}
refuse() { printf 'refused\\t%s\\t%s\\t%s\\n' "$folder" "$1" "$(printf '%s' "$2" | tr '\\t\\n' '  ')"; }
own=no
node=${quote(ownNode ?? '')}
if [ -n "$node" ]; then
  real=$(readlink -f "$node") && [ -x "$real" ] || real=$node
  if why=$(only_root "$real" ${trustedUid}); then own=yes; printf 'node\\t%s\\n' "$real"
  else printf 'node-refused\\t%s\\n' "$why"; fi
fi
runs() { # programs run from here: not mounted noexec
  [ -f "$dir/.runs" ] || { printf '#!/bin/sh\\n' > "$dir/.runs" && chmod 700 "$dir/.runs"; } || return 2
  "$dir/.runs"
}
try() {
  folder=$1
  above=$(dirname "$folder")
  why=$( { [ -d "$above" ] || (umask 022; mkdir -p "$above"); } 2>&1 && { [ -d "$folder" ] || mkdir "$folder" || [ -d "$folder" ]; } 2>&1) || { refuse write "$why"; return 1; }
  dir=$(cd "$folder" 2>/dev/null && pwd -P)
  above=$(cd "$above" 2>/dev/null && pwd -P)
  # Not through a link, which may be another user's.
  [ -n "$dir" ] && [ "$dir" = "\${above%/}/$(basename "$folder")" ] || { refuse unsafe "it is a link, or cannot be entered"; return 1; }
  why=$(only_root "$dir" 0) || { refuse unsafe "$why"; return 1; }
  ${has(agent)}; has_agent=$has
  ${has(node)}; has_node=$has
  need=0
  [ "$has_agent" = yes ] || need=${kilobytes(agent)}
  [ "$has_node" = yes ] || [ "$own" = yes ] || need=$((need + ${kilobytes(node)}))
  why=$(runs 2>&1)
  case $? in
    0) ;;
    2) [ "$need" -eq 0 ] || { refuse write "$why"; return 1; } ;;
    *) refuse noexec "no program runs there (noexec?): $why"; return 1 ;;
  esac
  if [ "$need" -gt 0 ]; then
    clear "$dir" # which may take the room that is needed
    set -- $(df -Pk "$dir" 2>/dev/null | tail -n 1)
    free=$4
    case $free in
      ''|*[!0-9]*) ;;
      *) [ "$free" -ge "$need" ] || { refuse space "$need kB needed, $free kB free"; return 1; } ;;
    esac
  fi
  printf 'chosen\\t%s\\nhas-agent\\t%s\\nhas-node\\t%s\\n' "$dir" "$has_agent" "$has_node"
}
for folder in ${(folder === undefined ? TARGET_FOLDERS : [folder]).map(quote).join(' ')}; do
  try "$folder" && exit 0
done
exit 1`;
}

function noFolder(host: string, refused: readonly Refused[], output: string): PacketTraceError {
  const tell = ({ folder, words }: Refused) => `${folder}: ${printable(words.trim())}`;
  const why = refused.length === 0 ? printable(output.trim().slice(-500)) : refused.map(tell).join('; ');
  const full = ({ kind, words }: Refused) => kind === 'space' || /No space left|quota exceeded/i.test(words);
  const space = refused.length > 0 && refused.every(full);
  return new PacketTraceError(
    space ? 'target-no-space' : 'deploy',
    `${host} has no ${space ? 'room' : 'folder'} for the agent: ${why}.`,
    space
      ? 'Free some space there (Node needs about 110 MB when the target has none of its own), or name another folder: --target-folder, packetTrace.target.folder.'
      : 'Name a folder that root alone can write and that is not mounted noexec: --target-folder, packetTrace.target.folder.',
  );
}
