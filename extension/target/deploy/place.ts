/**
 * Puts what a target needs into root's folder there: the agent, and Node where the target has none that is safe for
 * root to run. What comes of it is a program, and the check that root makes in the script that becomes it.
 */
import { agentBundle, nodeBundle } from '../assets.ts';
import type { Bundle } from '../assets.ts';
import type { Logger, TargetFacts } from '../connection.ts';
import type { Platform } from '../platform.ts';
import type { RootSession } from '../root/session.ts';
import { quote } from '../shell.ts';
import { sumsMatch, sumsMatchedThisBoot } from './bundle-checks.ts';
import { chooseFolder } from './folder.ts';
import { install } from './install.ts';
import { ONLY_ROOT } from './only-root.ts';

/** Bundles of older versions that stay on a target, so that editors of different versions get along. */
const KEEP_AGENTS = 3;
const KEEP_NODES = 2;

/** Of the check: a bundle is not as it was sent; the output names it. */
export const EXIT_DAMAGED = 91;

export interface PlaceRequest {
  platform: Pick<Platform, 'arch' | 'hasGzip' | 'oldNodes'>;
  /** The target's own, if it has one that is new enough. */
  node: TargetFacts['node'] | undefined;
  distDir: string;
  /** See ConnectOptions.targetFolder. */
  folder: string | undefined;
  /** Somebody who is root without a question: what only he can change is safe. 0 where there is none but root. */
  trustedUid: number;
  log: Logger;
  signal: AbortSignal | undefined;
  onProgress: ((message: string) => void) | undefined;
}

export interface Placed {
  node: TargetFacts['node'];
  uploadedBytes: number;
  /** Succeeds when what `argv` runs is what was put there, and only root can change it. */
  check: string;
  /** Node, the agent's file and the mode. */
  argv: readonly string[];
}

/** @throws PacketTraceError `deploy`, `target-no-space`, `cancelled`, `connection-lost` */
export async function place(session: RootSession, request: PlaceRequest): Promise<Placed> {
  const { platform, distDir, log, signal, onProgress, trustedUid } = request;
  const { oldNodes, arch, hasGzip } = platform;
  const [agent, node] = [await agentBundle(distDir, arch), await nodeBundle(distDir, arch)];
  const wanted = { folder: request.folder, agent, node, ownNode: request.node?.path, trustedUid };
  const { dir, hasAgent, hasNode, ownNode } = await chooseFolder(session, wanted, signal);
  if (request.node === undefined && oldNodes.length > 0)
    log.info(`${session.name}: too old to use: ${oldNodes.join(', ')}`);
  if (ownNode !== undefined && 'refused' in ownNode)
    log.info(`${session.name}: root does not run Node from ${request.node?.path ?? ''}: ${ownNode.refused}`);
  let uploadedBytes = 0;
  const put = async (bundle: Bundle, keep: number, has: boolean) => {
    if (!has)
      uploadedBytes += await install({ session, folder: dir, bundle, hasGzip, keep, signal, onProgress });
  };
  const checks = ['set -f', ONLY_ROOT];
  let used: TargetFacts['node'];
  if (request.node !== undefined && ownNode !== undefined && 'path' in ownNode) {
    used = { ...request.node, path: ownNode.path };
    checks.push(`only_root ${quote(used.path)} ${trustedUid} || exit 1`);
  } else {
    await put(node, KEEP_NODES, hasNode);
    used = { path: `${dir}/${node.name}/node`, version: node.version, origin: 'uploaded' };
    checks.push(intact(dir, node, sumsMatchedThisBoot(node)));
  }
  await put(agent, KEEP_AGENTS, hasAgent);
  checks.push(intact(dir, agent, sumsMatch(agent)));
  log.info(
    `${session.name}: Node ${used.version} (${used.origin}), ${uploadedBytes} bytes uploaded to ${dir}`,
  );
  const argv = [used.path, `${dir}/${agent.name}/agent.cjs`, 'serve'];
  return { node: used, uploadedBytes, check: checks.join('\n'), argv };
}

/** Marks the bundle as used, which is what is kept goes by. */
function intact(dir: string, bundle: Bundle, condition: string): string {
  const folder = quote(`${dir}/${bundle.name}`);
  return `cd ${folder} 2>/dev/null && ${condition} || { printf '%s' ${folder}; exit ${EXIT_DAMAGED}; }
touch . 2>/dev/null`;
}

/** Takes away a bundle that was found damaged, so that `place` puts it there anew. */
export async function removeDamaged(session: RootSession, found: string): Promise<void> {
  const folder = found.trim();
  if (/\/(agent|node)-[0-9a-f]{64}$/.test(folder)) await session.run(`rm -rf ${quote(folder)}`);
}
