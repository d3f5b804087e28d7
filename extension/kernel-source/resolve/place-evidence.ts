import type { IndexedFunction } from '../index/source-index.ts';
import { type Evidence, WEIGHT } from './evidence.ts';

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
