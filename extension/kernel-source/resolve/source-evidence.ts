/** What the source says for and against a definition: its path, the `#if`s around it, its kind, its neighbours. */
import { FunctionFlag } from '../c/scanner/facts.ts';
import type { IndexedFunction } from '../index/source-index.ts';
import type { Knowledge } from './assumptions.ts';
import { isCompiled } from './condition.ts';
import { type Evidence, type Reference, WEIGHT } from './evidence.ts';
import type { KernelConfig } from './kernel-config.ts';

/** Programs of their own that lie in the tree: purgatory, firmware stubs, user mode Linux. */
const OTHER_PROGRAM = /^arch\/(?:um\/|\w+\/(?:purgatory|tools|um|realmode\/rm|kvm\/hyp\/nvhe)\/)|\/libstub\//;
/** Decompressors and code that processes run; beside it lies the kernel's part, which is an object of the Makefile. */
const PARTLY_OTHER = /^arch\/\w+\/boot\/|\/vdso(?:32)?\//;

/** Drivers of machines that are named in the path. */
const MACHINE = /^(?:drivers|sound)\/(s390|parisc|sh|sparc|ppc|macintosh|mips|zorro|nubus)\//;

/** What the path says: another architecture, or not the kernel. @param architecture the folder of arch/ */
export function placeEvidence({ path, objects }: IndexedFunction, architecture: string): Evidence[] {
  const other = /^arch\/(\w+)\//.exec(path)?.[1];
  if (other !== undefined && other !== architecture)
    return [{ weight: WEIGHT.otherArchitecture, text: `for the ${other} architecture` }];
  const machine = MACHINE.exec(path)?.[1];
  if (machine !== undefined && machine !== architecture)
    return [{ weight: WEIGHT.otherMachine, text: `for ${machine} machines` }];
  if (OTHER_PROGRAM.test(path) || (PARTLY_OTHER.test(path) && objects.length === 0))
    return [{ weight: WEIGHT.otherProgram, text: 'not part of the running kernel' }];
  return [];
}

/** Whether the `#if`s around a definition leave it out. */
export function conditionEvidence(
  { condition }: IndexedFunction,
  { module }: Reference,
  config: KernelConfig,
): Evidence[] {
  const isOff = (knowledge: Knowledge) => isCompiled(condition, { config, knowledge, module }) === false;
  if (isOff('certain')) return [{ weight: WEIGHT.notCompiled, text: `not compiled: #if ${condition}` }];
  if (isOff('default'))
    return [{ weight: WEIGHT.unexpected, text: `not compiled by default: #if ${condition}` }];
  if (isOff('guess'))
    return [{ weight: WEIGHT.likelyOff, text: `for options that are usually otherwise: #if ${condition}` }];
  return [];
}

/** What kind of function a definition is, and whether one like it is seen in traces. */
export function kindEvidence(
  { name, path, flags, condition }: IndexedFunction,
  { takesSkb }: Reference,
): Evidence[] {
  const evidence: Evidence[] = [];
  if ((flags & FunctionFlag.Inline) !== 0 && path.endsWith('.h'))
    evidence.push({ weight: WEIGHT.inline, text: 'inline: not traceable where it is inlined' });
  if ((flags & FunctionFlag.Weak) !== 0)
    evidence.push({ weight: WEIGHT.weak, text: 'weak: used where nothing else defines it' });
  else if (condition.includes(`!defined(${name})`))
    evidence.push({ weight: WEIGHT.weak, text: 'used where no macro of this name says otherwise' });
  if ((flags & FunctionFlag.Stub) !== 0 && (flags & FunctionFlag.Static) !== 0 && condition.includes('!'))
    evidence.push({ weight: WEIGHT.stub, text: 'a stub that compilers inline' });
  const hasSkb = (flags & FunctionFlag.TakesSkb) !== 0;
  if (hasSkb) evidence.push({ weight: WEIGHT.skb, text: 'takes an sk_buff' });
  else if (takesSkb === true && (flags & FunctionFlag.Generated) === 0)
    evidence.push({ weight: WEIGHT.noSkb, text: 'takes no sk_buff' });
  return evidence;
}

/** What is left of the doubt after each neighbour of the same file. */
const NEIGHBOUR_DOUBT = 0.6;

/** The linker keeps the functions of a file together. @param filesOf the files that define a name */
export function neighbourEvidence(
  { path, objectPath }: IndexedFunction,
  { neighbours = [] }: Reference,
  filesOf: (name: string) => readonly string[],
): Evidence[] {
  const same = neighbours
    .map((name) => ({ name, files: filesOf(name) }))
    .filter(({ files }) => files.includes(path) || files.includes(objectPath));
  if (same.length === 0) return [];
  // A name that several files define says less; the first that only one defines says most.
  const count = same.reduce((sum, { files }) => sum + 1 / files.length, 0);
  const weight = Math.round(WEIGHT.neighbours * (1 - NEIGHBOUR_DOUBT ** count));
  const names = same.slice(0, 2).map(({ name }) => name);
  return [{ weight, text: `next to ${names.join(' and ')} in memory` }];
}
