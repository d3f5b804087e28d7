import assert from 'node:assert/strict';
import type { Guest } from './guest.ts';

/** Stops a guest after its tests. A kernel that died is told as what it is: the lab's fault, whatever failed with it. */
export async function stopGuest(guest: Guest | undefined): Promise<void> {
  if (guest === undefined) return; // it did not boot, which is told already
  const died = guest.panicked();
  await guest.stop();
  assert.ok(!died, "the guest's kernel died, which is the lab's fault; its console is told above");
}
