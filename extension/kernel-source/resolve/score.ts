import type { IndexedFunction } from '../index/source-index.ts';
import { buildEvidence } from './build-evidence.ts';
import type { Evidence, Reference } from './evidence.ts';
import type { KernelConfig } from './kernel-config.ts';
import { conditionEvidence, kindEvidence, neighbourEvidence, placeEvidence } from './source-evidence.ts';

export interface Score {
  score: number;
  /** What it is the sum of. */
  evidence: Evidence[];
}

/** How much speaks for one definition, less what speaks against it. @param filesOf the files that define a name */
export function scoreOf(
  definition: IndexedFunction,
  reference: Reference,
  config: KernelConfig,
  filesOf: (name: string) => readonly string[],
): Score {
  const evidence = [
    ...placeEvidence(definition, config.architecture),
    ...conditionEvidence(definition, reference, config),
    ...buildEvidence(definition, reference, config),
    ...kindEvidence(definition, reference),
    ...neighbourEvidence(definition, reference, filesOf),
  ];
  return { score: evidence.reduce((sum, { weight }) => sum + weight, 0), evidence };
}
