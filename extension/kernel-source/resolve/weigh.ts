import type { IndexedFunction } from '../index/source-index.ts';
import { buildEvidence } from './build-evidence.ts';
import { conditionEvidence } from './condition-evidence.ts';
import type { Evidence, Reference } from './evidence.ts';
import type { KernelConfig } from './kernel-config.ts';
import { kindEvidence } from './kind-evidence.ts';
import { neighbourEvidence } from './neighbour-evidence.ts';
import { placeEvidence } from './place-evidence.ts';

/** All that speaks for and against one definition. @param filesOf the files that define a name */
export function weigh(
  definition: IndexedFunction,
  reference: Reference,
  config: KernelConfig,
  filesOf: (name: string) => readonly string[],
): Evidence[] {
  return [
    ...placeEvidence(definition, config.architecture),
    ...conditionEvidence(definition, reference, config),
    ...buildEvidence(definition, reference, config),
    ...kindEvidence(definition, reference),
    ...neighbourEvidence(definition, reference, filesOf),
  ];
}
