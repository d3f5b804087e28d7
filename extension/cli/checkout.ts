import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Capture } from '../recording/capture.ts';
import { PacketTraceError, throwIfCancelled } from '../base/errors.ts';
import { isKernelTree } from '../kernel-source/checkout/find-checkout.ts';
import { skewNotice } from '../kernel-source/checkout-skew.ts';
import { KernelSource } from '../kernel-source/kernel-source.ts';
import type { Environment } from './environment.ts';
import type { Status } from './output/status.ts';

/** Where the terminal keeps its indexes of checkouts. */
export function indexFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-packet-trace', 'index');
}

/** @throws PacketTraceError `usage` when the folder is no kernel tree */
export async function checkTree(root: string): Promise<void> {
  if (await isKernelTree(root)) return;
  throw new PacketTraceError(
    'usage',
    `"${root}" is not a Linux kernel tree: it has no net/core/skbuff.c or another landmark.`,
    'Give --checkout the folder of a kernel checkout.',
  );
}

/**
 * Makes the index of a checkout, or brings it up to date, before there is anything to look up.
 * @throws PacketTraceError `usage`, `cancelled`
 */
export async function openCheckout(
  root: string,
  { distDir, interrupt }: Pick<Environment, 'distDir' | 'interrupt'>,
  status: Status,
): Promise<KernelSource> {
  await checkTree(root);
  const source = new KernelSource(root, { distDir, cacheDir: indexFolder() });
  const cancel = () => source.dispose();
  interrupt.addEventListener('abort', cancel);
  try {
    await source.prepare((share) => sayProgress(status, share));
  } catch (error) {
    throwIfCancelled(interrupt);
    throw error;
  }
  interrupt.removeEventListener('abort', cancel);
  return source;
}

/** @param share of the files that are indexed, 0 to 1 */
export function sayProgress(status: Status, share: number): void {
  status.progress(`Indexing the checkout (${Math.floor(share * 100)} %)`);
}

/** Says when the checkout is not the source of the target's kernel. */
export async function sayOtherKernel(capture: Capture, source: KernelSource, status: Status): Promise<void> {
  const notice = await skewNotice(source, capture);
  if (notice !== undefined) status.log.warn(notice.message);
}
