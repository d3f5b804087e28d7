import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { trimHeap } from './libc.ts';

/**
 * Gives back what only the start of a trace needed: type information, symbols, what libbpf parsed. Nothing
 * allocates while a trace runs, so that without asking the garbage, tens of megabytes on somebody else's machine,
 * would stay until its end.
 */
export function releaseGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  trimHeap();
}
