/**
 * Puts what a target needs into root's folder there: the agent, and Node where the target has none that is safe for
 * root to run. What comes of it is a program, and the check that root makes in the script that becomes it.
 */
import { agentBundle, nodeBundle } from '../assets.ts';
import type { Bundle } from '../assets.ts';
import type { TargetFacts } from '../../base/target-facts.ts';
import type { RootSession } from '../root/session.ts';
import { quote } from '../shell.ts';
import { sumsMatch, sumsMatchedThisBoot } from './bundle-checks.ts';
import { chooseFolder } from './folder.ts';
import { install } from './install.ts';
import { ONLY_ROOT } from './only-root.ts';
import { argvOf, intact, type Placed, type PlaceRequest } from './placed.ts';
import { note } from './recall.ts';

/** Bundles of older versions that stay on a target, so that editors of different versions get along. */
const KEEP_AGENTS = 3;
const KEEP_NODES = 2;

/** @throws PacketTraceError `deploy`, `target-no-space`, `cancelled`, `connection-lost` */
export async function place(session: RootSession, request: PlaceRequest): Promise<Placed> {
  const { platform, distDir, log, signal, onProgress, trustedUid } = request;
  const { arch, hasGzip } = platform;
  const [agent, node] = [await agentBundle(distDir, arch), await nodeBundle(distDir, arch)];
  const found = await request.findNode();
  const { oldNodes } = found;
  const wanted = { folder: request.folder, agent, node, ownNode: found.node?.path, trustedUid };
  const { dir, hasAgent, hasNode, ownNode } = await chooseFolder(session, wanted, signal);
  if (found.node === undefined && oldNodes.length > 0)
    log.info(`${session.name}: too old to use: ${oldNodes.join(', ')}`);
  if (ownNode !== undefined && 'refused' in ownNode)
    log.info(`${session.name}: root does not run Node from ${found.node?.path ?? ''}: ${ownNode.refused}`);
  let uploadedBytes = 0;
  const put = async (bundle: Bundle, keep: number, has: boolean) => {
    if (!has)
      uploadedBytes += await install({ session, folder: dir, bundle, hasGzip, keep, signal, onProgress });
  };
  const checks = [ONLY_ROOT];
  let used: TargetFacts['node'];
  if (found.node !== undefined && ownNode !== undefined && 'path' in ownNode) {
    used = { ...found.node, path: ownNode.path };
    checks.push(`only_root ${quote(used.path)} ${trustedUid} || exit 1`);
  } else {
    await put(node, KEEP_NODES, hasNode);
    used = { path: `${dir}/${node.name}/node`, version: node.version, origin: 'uploaded' };
    checks.push(intact(dir, node, sumsMatchedThisBoot(node)));
  }
  await put(agent, KEEP_AGENTS, hasAgent);
  checks.push(intact(dir, agent, sumsMatch(agent)), note(used));
  log.info(
    `${session.name}: Node ${used.version} (${used.origin}), ${uploadedBytes} bytes uploaded to ${dir}`,
  );
  return {
    node: used,
    uploadedBytes,
    check: checks.join('\n'),
    argv: argvOf(used.path, `${dir}/${agent.name}`),
  };
}

/** Takes away a bundle that was found damaged, so that `place` puts it there anew. */
export async function removeDamaged(session: RootSession, found: string): Promise<void> {
  const folder = found.trim();
  if (/\/(agent|node)-[0-9a-f]{64}$/.test(folder)) await session.run(`rm -rf ${quote(folder)}`);
}
