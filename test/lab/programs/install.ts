import { join } from 'node:path';
import { compileBpf } from '../../../build/bpf.ts';
import { repoRoot } from '../../../build/paths.ts';

/** Where the programs of packets.bpf.c are in a guest. */
export const PACKET_PROGRAMS = '/tmp/packets.o';

/** @param sh runs a script in the guest */
export async function installPrograms(sh: (script: string) => Promise<unknown>): Promise<void> {
  const object = await compileBpf(join(repoRoot, 'test/lab/programs/packets.bpf.c'));
  await sh(`base64 -d > ${PACKET_PROGRAMS} << 'E'\n${Buffer.from(object).toString('base64')}\nE`);
}
