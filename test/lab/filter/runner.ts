/**
 * Runs in a guest beside the agent's native libraries: has its kernel match the same packets with each filter,
 * by the code of the agent, and prints the decisions.
 */
import { readFileSync } from 'node:fs';
import { readKernelBtf } from '../../../remote-agent/btf/kernel-btf.ts';
import type { DirectReads } from '../../../common/bpf/direct-reads.ts';
import { findDirectReads } from '../../../remote-agent/btf/find-direct-reads.ts';
import type { LinkFacts } from '../../../common/bpf/cbpf.ts';
import { matchPackets, type MatchedPacket } from '../../../remote-agent/modes/match.ts';
import { useAgentFolder } from '../../../remote-agent/native/native.ts';
import type { CompiledFilter } from '../../../common/protocol.ts';

/** Standard input, JSON; bytes in base64. */
export interface FilterRunnerInput {
  filters: (CompiledFilter | null)[];
  packets: { link: 'l2' | 'l3'; data: string; length: number; facts: LinkFacts }[];
}

/** Standard output, JSON lines: one for each filter. */
export interface FilterRunnerResult {
  /** A digit for each packet: 1 keeps, 0 does not. */
  decisions: string;
  /** Why the kernel refused it; empty when it did not. */
  error: string;
}

function runFilter(
  filter: CompiledFilter | null,
  packets: readonly MatchedPacket[],
  directReads: DirectReads | undefined,
): FilterRunnerResult {
  try {
    return { decisions: matchPackets(filter, packets, directReads).join(''), error: '' };
  } catch (error) {
    return { decisions: '', error: String(error) };
  }
}

async function main(): Promise<void> {
  useAgentFolder(__dirname);
  const input = JSON.parse(readFileSync(0, 'utf8')) as FilterRunnerInput;
  const packets = input.packets.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data, 'base64') }));
  const directReads = findDirectReads(await readKernelBtf());
  for (const filter of input.filters)
    process.stdout.write(`${JSON.stringify(runFilter(filter, packets, directReads))}\n`);
}

void main();
