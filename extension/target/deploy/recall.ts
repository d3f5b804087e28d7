/**
 * What an earlier start found out is kept with the agent, for as long as the target runs: which Node root runs it with,
 * and what that file was like. So a further start asks once, instead of looking for a folder and a Node again; what may
 * have changed since is compared all the same (the check of Placed).
 */
import { agentBundle } from '../assets.ts';
import type { TargetFacts } from '../../base/target-facts.ts';
import { printable } from '../../base/printable.ts';
import type { RootSession } from '../root/session.ts';
import { quote } from '../shell.ts';
import { sumsMatch } from './bundle-checks.ts';
import { TARGET_FOLDERS } from './folder.ts';
import { ONLY_ROOT } from './only-root.ts';
import { argvOf, EXIT_DAMAGED, intact, type Placed, type PlaceRequest } from './placed.ts';

/** In the agent's folder, which only root writes. */
const NOTE = '.start';
const BOOT = '/proc/sys/kernel/random/boot_id';
/** Another file at the same path differs in one of them; a change of the file in the last. To the nanosecond. */
const IDENTITY = `stat -Lc '%d %i %s %y %z'`;
const ORIGINS: readonly string[] = ['path', 'vscode-server', 'uploaded', 'own'];

/** Shell commands that write it, for the agent's folder as working folder. Without stat, or room, there is none. */
export function note({ path, version, origin }: TargetFacts['node']): string {
  const lines = [`"$(cat ${BOOT})"`, quote(path), quote(version), origin, `"$(${IDENTITY} ${quote(path)})"`];
  return `{ printf '%s\\n' ${lines.join(' ')} > ${NOTE}; } 2>/dev/null
true`;
}

/** @returns undefined: nothing is kept there, or it is no longer so @throws PacketTraceError */
export async function recall(session: RootSession, request: PlaceRequest): Promise<Placed | undefined> {
  const { platform, distDir, folder, trustedUid, log, signal } = request;
  const agent = await agentBundle(distDir, platform.arch);
  const folders = folder === undefined ? TARGET_FOLDERS : [folder];
  const { code, output } = await session.run(
    `${ONLY_ROOT}
for dir in ${folders.map(quote).join(' ')}; do
  cd "$dir/${agent.name}" 2>/dev/null && [ -f ${NOTE} ] || continue
  only_root "$dir/${agent.name}" >/dev/null || exit 1
  { read -r boot && IFS= read -r node && read -r version && read -r origin && read -r identity; } < ${NOTE} || exit 1
  read -r now < ${BOOT} && [ "$boot" = "$now" ] || exit 1
  only_root "$node" ${trustedUid} >/dev/null || exit 1
  [ -n "$identity" ] && [ "$(${IDENTITY} "$node" 2>/dev/null)" = "$identity" ] || exit 1
  printf '%s\\n' "$dir" "$node" "$version" "$origin" "$identity"
  exit 0
done
exit 1`,
    { signal },
  );
  const [dir = '', path = '', version = '', origin = '', identity = ''] = output.split('\n');
  if (code !== 0 || !ORIGINS.includes(origin)) return undefined;
  const node = { path, version: printable(version), origin: origin as TargetFacts['node']['origin'] };
  log.info(`${session.name}: Node ${node.version} (${origin}), the agent is in ${dir}`);
  const own = `${dir}/${agent.name}`;
  const check = [
    ONLY_ROOT,
    `only_root ${quote(path)} ${trustedUid} || exit 1`,
    // Found anew, then, as if the agent were damaged.
    `[ "$(${IDENTITY} ${quote(path)})" = ${quote(identity)} ] || { printf '%s' ${quote(own)}; exit ${EXIT_DAMAGED}; }`,
    intact(dir, agent, sumsMatch(agent)),
  ];
  return { node, uploadedBytes: 0, check: check.join('\n'), argv: argvOf(path, own) };
}
