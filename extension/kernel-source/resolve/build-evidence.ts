import type { IndexedFunction } from '../index/source-index.ts';
import type { ObjectFact } from '../kbuild/build-facts.ts';
import { BUILD_STATES, type BuildState, mayBeModule, objectState } from './build-state.ts';
import { type Evidence, type Reference, WEIGHT } from './evidence.ts';
import type { KernelConfig } from './kernel-config.ts';
import { isBuiltIn, moduleScore } from './module-name.ts';

/** Whether the Makefiles build a definition into what the function was seen in. */
export function buildEvidence(
  definition: IndexedFunction,
  { module }: Reference,
  config: KernelConfig,
): Evidence[] {
  return isBuiltIn(module)
    ? builtInEvidence(definition, module, config)
    : moduleEvidence(definition, module, config);
}

function moduleEvidence(definition: IndexedFunction, module: string, config: KernelConfig): Evidence[] {
  const { path, objectPath, objects } = definition;
  const own = objects.find((object) => object.module === module);
  if (own?.isIncluded === true)
    return [{ weight: WEIGHT.moduleInclude, text: `included by the sources of module ${module}` }];
  if (own !== undefined) {
    const part = { weight: WEIGHT.module, text: `part of module ${module}` };
    const state = objectState(own, config);
    if (state === 'off' || state === 'off by default' || state === 'likely off')
      return [part, stateEvidence(own, state)];
    if (!mayBeModule(own, config))
      return [part, { weight: WEIGHT.notAsModule, text: 'never built as a module' }];
    return own.options.length > 1 ? [part] : [{ ...part, weight: part.weight + WEIGHT.alwaysBuilt }];
  }
  const byName = moduleScore(path, module);
  if (byName > 0) return [{ weight: WEIGHT.moduleFolder * byName, text: `named like module ${module}` }];
  if (objectPath.endsWith('.c') && objects.length === 0)
    return [{ weight: WEIGHT.noMakefile, text: 'no Makefile names it' }];
  if (objectPath.endsWith('.c'))
    return [{ weight: WEIGHT.otherModule, text: `not part of module ${module}` }];
  return [];
}

function builtInEvidence(
  { path, objects }: IndexedFunction,
  module: string,
  config: KernelConfig,
): Evidence[] {
  if (path.endsWith('.h')) return [];
  const states = objects.map((object) => ({ object, state: objectState(object, config) }));
  const [best] = states.sort((a, b) => BUILD_STATES.indexOf(a.state) - BUILD_STATES.indexOf(b.state));
  if (best === undefined) return [{ weight: WEIGHT.noMakefile, text: 'no Makefile names it' }];
  if (module === '' && (best.state === 'maybe' || best.state === 'module')) return [];
  return [stateEvidence(best.object, best.state)];
}

/** What the state of its object says of a function that is seen in the kernel itself; what is off, anywhere. */
function stateEvidence({ options }: ObjectFact, state: BuildState): Evidence {
  switch (state) {
    case 'always':
      return { weight: WEIGHT.alwaysBuilt, text: 'always built in' };
    case 'on':
      return { weight: WEIGHT.builtIn, text: 'built in' };
    case 'not module':
      return { weight: WEIGHT.builtIn, text: 'never built as a module' };
    case 'maybe':
      return { weight: WEIGHT.mayBeModule, text: 'may be built as a module' };
    case 'module':
      return { weight: WEIGHT.isModule, text: 'built as a module' };
    case 'likely off':
      return { weight: WEIGHT.usuallyOff, text: `usually off: ${options.join(', ')}` };
    case 'off by default':
      return { weight: WEIGHT.unexpected, text: `usually off: ${options.join(', ')}` };
    case 'off':
      return { weight: WEIGHT.notBuilt, text: `not built: needs ${options.join(', ')}` };
  }
}
