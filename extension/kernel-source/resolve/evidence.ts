import { basename, dirname } from 'node:path/posix';
import type { IndexedFunction } from '../index/source-index.ts';
import type { ObjectFact } from '../kbuild/build-facts.ts';
import { FunctionFlag } from '../scan/facts.ts';
import { isCompiled } from './condition.ts';
import type { KernelConfig } from './kernel-config.ts';

/** A reason for or against a definition. */
export interface Evidence {
  /** Positive: for it. How much: see WEIGHT. */
  weight: number;
  text: string;
}

/** What a function's reference tells besides its name. */
export interface Reference {
  /** As in the source, without compiler suffixes. */
  name: string;
  /** Kernel module, or `vmlinux`; empty when not known. */
  module: string;
  /** Names of the symbols before and after it in the target's kallsyms, nearest first. */
  neighbours?: readonly string[];
  /** It was traced with an skb: one of its parameters is a `struct sk_buff *`. */
  takesSkb?: boolean;
}

const WEIGHT = {
  otherArchitecture: -1000,
  otherMachine: -400,
  otherProgram: -600,
  notCompiled: -500,
  module: 400,
  moduleInclude: 300,
  moduleFolder: 60,
  otherModule: -300,
  alwaysBuilt: 20,
  notModule: 10,
  mayBeModule: -50,
  isModule: -300,
  notBuilt: -300,
  likelyNotBuilt: -40,
  noMakefile: -170,
  notAsModule: -150,
  inline: -150,
  weak: -100,
  stub: -30,
  unexpected: -100,
  likelyOff: -50,
  neighbours: 200,
  skb: 70,
  noSkb: -150,
} as const;

/** Programs of their own that lie in the tree: decompressors, purgatory, vDSO. */
const OTHER_PROGRAM =
  /^arch\/\w+\/(?:boot|purgatory|tools|entry\/vdso|kernel\/vdso|um|realmode|kvm\/hyp\/nvhe)\/|\/(?:libstub|vdso)\/|^arch\/um\//;

/** All that speaks for and against one definition. @param filesOf the files that define a name */
export function weigh(
  definition: IndexedFunction,
  reference: Reference,
  config: KernelConfig,
  filesOf: (name: string) => readonly string[],
): Evidence[] {
  return [
    ...placeEvidence(definition, config),
    ...conditionEvidence(definition, config),
    ...(reference.module === '' || reference.module === 'vmlinux'
      ? builtInEvidence(definition, reference.module, config)
      : moduleEvidence(definition, reference.module, config)),
    ...kindEvidence(definition, reference),
    ...neighbourEvidence(definition, reference, filesOf),
  ];
}

function placeEvidence({ path }: IndexedFunction, { architecture }: KernelConfig): Evidence[] {
  const other = /^arch\/(\w+)\//.exec(path)?.[1];
  if (other !== undefined && other !== architecture)
    return [{ weight: WEIGHT.otherArchitecture, text: `for the ${other} architecture` }];
  const machine = /^(?:drivers|sound)\/(s390|parisc|sh|sparc|ppc|macintosh|mips|zorro|nubus)\//.exec(
    path,
  )?.[1];
  if (machine !== undefined && machine !== architecture)
    return [{ weight: WEIGHT.otherMachine, text: `for ${machine} machines` }];
  if (OTHER_PROGRAM.test(path))
    return [{ weight: WEIGHT.otherProgram, text: 'not part of the running kernel' }];
  return [];
}

function conditionEvidence({ condition }: IndexedFunction, config: KernelConfig): Evidence[] {
  if (isCompiled(condition, config, 'state') === false)
    return [{ weight: WEIGHT.notCompiled, text: `not compiled: #if ${condition}` }];
  if (isCompiled(condition, config, 'default') === false)
    return [{ weight: WEIGHT.unexpected, text: `not compiled by default: #if ${condition}` }];
  if (isCompiled(condition, config, 'likely') === false)
    return [{ weight: WEIGHT.likelyOff, text: `for options that are usually otherwise: #if ${condition}` }];
  return [];
}

function moduleEvidence(definition: IndexedFunction, module: string, config: KernelConfig): Evidence[] {
  const { path, objectPath, objects } = definition;
  const own = objects.find((object) => object.module === module);
  if (own?.isIncluded === true)
    return [{ weight: WEIGHT.moduleInclude, text: `included by the sources of module ${module}` }];
  if (own !== undefined) {
    const part = { weight: WEIGHT.module, text: `part of module ${module}` };
    const build = objectState(own, config);
    if (build === 'off') return [part, notBuilt(own)];
    if (build === 'likely off')
      return [part, { weight: WEIGHT.likelyNotBuilt, text: own.options.join(', ') }];
    const mayBeModule =
      build === 'module' || (!config.isKnown && own.options.some((option) => option.includes('?')));
    if (!mayBeModule) return [part, { weight: WEIGHT.notAsModule, text: 'never built as a module' }];
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
  if (objects.length === 0) return [{ weight: WEIGHT.noMakefile, text: 'no Makefile names it' }];
  const [first] = objects;
  const states = objects.map((object) => objectState(object, config));
  if (states.includes('always')) return [{ weight: WEIGHT.alwaysBuilt, text: 'always built in' }];
  if (states.includes('on')) return [{ weight: WEIGHT.notModule, text: 'built in' }];
  if (states.includes('module'))
    return module === '' ? [] : [{ weight: WEIGHT.isModule, text: 'built as a module' }];
  if (states.includes('not module')) return [{ weight: WEIGHT.notModule, text: 'never built as a module' }];
  if (states.includes('maybe'))
    return module === '' ? [] : [{ weight: WEIGHT.mayBeModule, text: 'may be built as a module' }];
  if (first === undefined) return [];
  if (states.includes('likely off'))
    return [{ weight: WEIGHT.likelyNotBuilt, text: `usually off: ${first.options.join(', ')}` }];
  return [notBuilt(first)];
}

function notBuilt({ options }: ObjectFact): Evidence {
  return { weight: WEIGHT.notBuilt, text: `not built: needs ${options.join(', ')}` };
}

type BuildState = 'always' | 'on' | 'module' | 'not module' | 'maybe' | 'likely off' | 'off';

/** How an object is built, as far as the options are known. */
function objectState({ options }: ObjectFact, config: KernelConfig): BuildState {
  let result = (options.length === 0 ? 'always' : 'on') as BuildState;
  for (const option of options) {
    const [, not, name = '', tristate] = /^(!?)(\w+)(\?y?)?$/.exec(option) ?? [];
    const state = config.default(name);
    if ((state === 'n' && not === '') || (state === 'y' && not !== '')) return 'off';
    if (state === undefined) {
      if ((config.likely(name) === 'n') === (not === '')) result = 'likely off';
      else if (result !== 'likely off')
        result = tristate === '?' || result === 'maybe' ? 'maybe' : 'not module';
    } else if (state === 'm' && result === 'on') result = 'module';
  }
  return result;
}

function kindEvidence({ path, flags, condition }: IndexedFunction, { takesSkb }: Reference): Evidence[] {
  const evidence: Evidence[] = [];
  if ((flags & FunctionFlag.Inline) !== 0 && path.endsWith('.h'))
    evidence.push({ weight: WEIGHT.inline, text: 'inline: not traceable where it is inlined' });
  if ((flags & FunctionFlag.Weak) !== 0)
    evidence.push({ weight: WEIGHT.weak, text: 'weak: used where nothing else defines it' });
  if ((flags & FunctionFlag.Stub) !== 0 && (flags & FunctionFlag.Static) !== 0 && condition !== '')
    evidence.push({ weight: WEIGHT.stub, text: 'a stub that compilers inline' });
  const hasSkb = (flags & FunctionFlag.TakesSkb) !== 0;
  if (hasSkb) evidence.push({ weight: WEIGHT.skb, text: 'takes an sk_buff' });
  else if (takesSkb === true && (flags & FunctionFlag.Generated) === 0)
    evidence.push({ weight: WEIGHT.noSkb, text: 'takes no sk_buff' });
  return evidence;
}

/** The linker keeps the functions of a file together. */
function neighbourEvidence(
  { path, objectPath }: IndexedFunction,
  { neighbours = [] }: Reference,
  filesOf: (name: string) => readonly string[],
): Evidence[] {
  const same = neighbours.filter((name) => {
    const files = filesOf(name);
    return files.includes(path) || files.includes(objectPath);
  });
  if (same.length === 0) return [];
  const weight = Math.round((WEIGHT.neighbours * same.length) / neighbours.length);
  return [{ weight, text: `next to ${same.slice(0, 2).join(' and ')} in memory` }];
}

/** Whether the path looks like a source of the module: 3 its own file, 2 its folder, 1 a file named after it. */
export function moduleScore(path: string, module: string): number {
  if (module === '') return 0;
  const plain = (name: string) => name.replace(/\.[ch]$/, '').replaceAll('-', '_');
  const wanted = plain(module);
  const file = plain(basename(path));
  if (file === wanted) return 3;
  if (dirname(path).split('/').map(plain).includes(wanted)) return 2;
  return file.startsWith(`${wanted}_`) ? 1 : 0;
}
