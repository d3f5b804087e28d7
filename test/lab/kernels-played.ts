/** Which kernels a run plays: with every change one a suite, the others in the matrix (`npm run test:matrix`). */

/** Environment: `first` (default), `others` or `all`. */
export const KERNELS_PLAYED = 'KPT_KERNELS';

/** @param all what a suite can be played on, the one of every change first */
export function kernelsPlayed<T>(all: readonly T[]): readonly T[] {
  switch (process.env[KERNELS_PLAYED]) {
    case 'all':
      return all;
    case 'others':
      return all.slice(1);
    default:
      return all.slice(0, 1);
  }
}
