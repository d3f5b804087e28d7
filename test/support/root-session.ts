/** A shell of root's on this machine, where the tests run as root. */
import { LocalShell } from '../../extension/target/local.ts';
import { Root } from '../../extension/target/root/root.ts';
import type { RootSession } from '../../extension/target/root/session.ts';
import type { Shell } from '../../extension/target/shell.ts';

export const needsRoot = process.getuid?.() === 0 ? false : 'needs root';

export async function rootSession(shell: Shell = new LocalShell()): Promise<RootSession> {
  const prompts = { secret: () => Promise.resolve(undefined) };
  const root = await Root.gain({ shell, uid: 0, user: 'root', prompts, log: { warn: () => undefined } });
  return root.take();
}
