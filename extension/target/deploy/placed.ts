/** What is asked for and what comes of it, when an agent is put on a target: a program, and the check before it runs. */
import type { Bundle } from '../assets.ts';
import type { TargetFacts } from '../../base/target-facts.ts';
import type { Logger } from '../connection.ts';
import type { Platform } from '../platform.ts';
import { quote } from '../shell.ts';

/** Of the check: a bundle is not as it was sent; the output names it. */
export const EXIT_DAMAGED = 91;

/** The Node of a target. */
export interface OwnNode {
  /** One that is new enough, if it has one. */
  node: TargetFacts['node'] | undefined;
  /** See FoundNodes. */
  oldNodes: string[];
}

export interface PlaceRequest {
  platform: Pick<Platform, 'arch' | 'hasGzip'>;
  /** Looks for the target's own Node. */
  findNode: () => Promise<OwnNode>;
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

/** Node, the agent's file and the mode. @param folder the agent's bundle */
export function argvOf(node: string, folder: string): string[] {
  return [node, `${folder}/agent.cjs`, 'serve'];
}

/** Marks the bundle as used, which is what is kept goes by. */
export function intact(dir: string, bundle: Bundle, condition: string): string {
  const folder = quote(`${dir}/${bundle.name}`);
  return `cd ${folder} 2>/dev/null && ${condition} || { printf '%s' ${folder}; exit ${EXIT_DAMAGED}; }
touch . 2>/dev/null`;
}
