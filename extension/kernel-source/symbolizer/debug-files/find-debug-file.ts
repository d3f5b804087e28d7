import { DebugFile } from '../elf/debug-file.ts';
import { LinesError } from '../errors.ts';
import { debugCandidates, type DebugSearch } from './candidates.ts';

/**
 * Opens the file with the debug information of the kernel (`module` empty) or of a module that the target runs.
 * @param buildId the target's, in hexadecimal; undefined when it told none; `any` takes the first file there is
 * @throws LinesError that says why there is none
 */
export async function findDebugFile(
  search: DebugSearch,
  module: string,
  buildId: string | undefined,
): Promise<DebugFile> {
  const kernel = search.release === undefined ? 'that kernel' : `the kernel ${search.release}`;
  const what = module === '' ? kernel : `module ${module} of ${search.release ?? kernel}`;
  if (buildId === undefined)
    throw new LinesError(`The target gives no build id for ${what}, so no debug information can be trusted.`);
  let refusal: string | undefined;
  for await (const path of debugCandidates(search, module, buildId)) {
    try {
      const file = await DebugFile.open(path);
      const reason = refuse(file, buildId);
      if (reason === undefined) return file;
      refusal ??= reason;
      file.close();
    } catch (error) {
      if (error instanceof LinesError) refusal ??= error.message;
      else if (error instanceof RangeError) refusal ??= `${path} is cut short or damaged.`;
      else if (isAbsent(error) && path === search.configured)
        refusal ??= `${path}, given for debug information, does not exist.`;
      else if (!isAbsent(error)) refusal ??= `${path}: ${(error as Error).message}`;
    }
  }
  if (refusal !== undefined) throw new LinesError(refusal);
  throw new LinesError(
    `No debug information for ${what}${buildId === 'any' ? '' : ` (build id ${buildId})`} was found. Install its debug package, or name its vmlinux or the folder with its debug files.`,
    true,
  );
}

function refuse(file: DebugFile, buildId: string): string | undefined {
  const { path } = file.elf;
  const found = buildId === 'any' ? buildId : file.buildId();
  if (found === undefined) return `${path} has no build id, so it may be of another kernel.`;
  if (found !== buildId)
    return `${path} is of another build than the target runs (build id ${found}, the target's is ${buildId}). Get the debug package of exactly this kernel.`;
  if (!file.hasLines)
    return `${path} has no debug information (CONFIG_DEBUG_INFO is off, or it was stripped).`;
  return undefined;
}

function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
