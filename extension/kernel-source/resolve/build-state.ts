import type { ObjectFact } from '../kbuild/build-facts.ts';
import { either, negation, Value, withoutModule } from '../kconfig/value-set.ts';
import type { Knowledge } from './assumptions.ts';
import type { KernelConfig } from './kernel-config.ts';

/** How an object is built, from what speaks least against it to what speaks most. */
export const BUILD_STATES = [
  ...['always', 'on', 'not module', 'maybe', 'module', 'likely off', 'off by default', 'off'],
] as const;
export type BuildState = (typeof BUILD_STATES)[number];

/** How an object is built, as far as the options are known. */
export function objectState({ options }: ObjectFact, config: KernelConfig): BuildState {
  const states = options.map((option) => optionState(option, config));
  const worst = Math.max(0, ...states.map((state) => BUILD_STATES.indexOf(state)));
  return BUILD_STATES[worst] ?? 'off';
}

function optionState(option: string, config: KernelConfig): BuildState {
  const isNegated = option.startsWith('!');
  const name = isNegated ? option.slice(1) : option;
  const possible = (knowledge: Knowledge) => {
    const values = name
      .split('|')
      .map((each) => config.possible(each, knowledge))
      .reduce(either);
    return isNegated ? negation(withoutModule(values)) : values;
  };
  const certain = possible('certain');
  if (certain === Value.N) return 'off';
  if (certain === Value.Y) return 'always';
  const values = possible('default');
  if (values === Value.N) return 'off by default';
  if (possible('guess') === Value.N) return 'likely off';
  if ((certain & Value.Y) === 0) return 'module';
  if (values === Value.Y) return 'on';
  return (values & Value.M) === 0 ? 'not module' : 'maybe';
}

/** Whether an option of an object may be m, so that the object is a module or a part of one. */
export function mayBeModule({ options }: ObjectFact, config: KernelConfig): boolean {
  return options.some(
    (option) => !/[!|]/.test(option) && (config.possible(option, 'certain') & Value.M) !== 0,
  );
}
