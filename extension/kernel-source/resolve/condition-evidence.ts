import type { IndexedFunction } from '../index/source-index.ts';
import type { Knowledge } from './assumptions.ts';
import { isCompiled } from './condition.ts';
import { type Evidence, type Reference, WEIGHT } from './evidence.ts';
import type { KernelConfig } from './kernel-config.ts';

/** Whether the `#if`s around a definition leave it out. */
export function conditionEvidence(
  { condition }: IndexedFunction,
  { module }: Reference,
  config: KernelConfig,
): Evidence[] {
  const isOff = (knowledge: Knowledge) => isCompiled(condition, { config, knowledge, module }) === false;
  if (isOff('state')) return [{ weight: WEIGHT.notCompiled, text: `not compiled: #if ${condition}` }];
  if (isOff('default'))
    return [{ weight: WEIGHT.unexpected, text: `not compiled by default: #if ${condition}` }];
  if (isOff('likely'))
    return [{ weight: WEIGHT.likelyOff, text: `for options that are usually otherwise: #if ${condition}` }];
  return [];
}
