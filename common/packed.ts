/** What comes packed in a KernelBuild (gzip, base64), unpacked within limits: a small text can hold gigabytes. */
import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import { ProtocolError } from './errors.ts';
import { neighbourhoodProblem } from './messages.ts';
import type { KernelBuild, Neighbourhood } from './protocol.ts';

/** Of text; several times what the largest kernels have. */
export const CONFIG_LIMIT = 4 * 1024 * 1024;
export const NEIGHBOURHOOD_LIMIT = 16 * 1024 * 1024;
export const TYPES_LIMIT = 8 * 1024 * 1024;

/**
 * Looks whether what is packed keeps to its limits, beside this thread.
 * @throws ProtocolError
 */
export async function checkPacked({ config, neighbourhood }: KernelBuild): Promise<void> {
  if (config !== null)
    await unpackBeside(config, CONFIG_LIMIT).catch((error: unknown) => {
      // What the kernel's own file holds is not the agent's fault.
      if (isTooLarge(error)) throw problemOf('config', error, CONFIG_LIMIT);
    });
  if (neighbourhood === '') return;
  const bytes = await unpackBeside(neighbourhood, NEIGHBOURHOOD_LIMIT).catch((error: unknown) => {
    throw problemOf('neighbourhood', error, NEIGHBOURHOOD_LIMIT);
  });
  parseNeighbourhood(bytes);
}

/** Text of the kernel's configuration; undefined when there is none, or /proc/config.gz was no gzip. */
export function unpackConfig({ config }: Pick<KernelBuild, 'config'>): string | undefined {
  if (config === null) return undefined;
  try {
    return gunzipSync(Buffer.from(config, 'base64'), { maxOutputLength: CONFIG_LIMIT }).toString('latin1');
  } catch {
    return undefined;
  }
}

/** Empty where the agent could not find out what lies around functions. @throws ProtocolError */
export function unpackNeighbourhood({ neighbourhood }: Pick<KernelBuild, 'neighbourhood'>): Neighbourhood {
  if (neighbourhood === '') return { names: [], positions: [], distances: [] };
  const packed = Buffer.from(neighbourhood, 'base64');
  let bytes: Buffer;
  try {
    bytes = gunzipSync(packed, { maxOutputLength: NEIGHBOURHOOD_LIMIT });
  } catch (error) {
    throw problemOf('neighbourhood', error, NEIGHBOURHOOD_LIMIT);
  }
  return parseNeighbourhood(bytes);
}

/** BTF for completing expressions; undefined where it is not known, or cannot be unpacked within its limit. */
export function unpackTypes({ types }: Pick<KernelBuild, 'types'>): Buffer | undefined {
  if (types === '') return undefined;
  try {
    return gunzipSync(Buffer.from(types, 'base64'), { maxOutputLength: TYPES_LIMIT });
  } catch {
    return undefined;
  }
}

function unpackBeside(packed: string, limit: number): Promise<Buffer> {
  return promisify(gunzip)(Buffer.from(packed, 'base64'), { maxOutputLength: limit });
}

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

function problemOf(field: keyof KernelBuild, error: unknown, limit: number): ProtocolError {
  const what = isTooLarge(error) ? `unpacks to more than ${limit} bytes` : 'is no gzip';
  return new ProtocolError(`kernel-build.${field} ${what}`, { cause: error });
}

function parseNeighbourhood(bytes: Buffer): Neighbourhood {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new ProtocolError('kernel-build.neighbourhood is no JSON');
  }
  const problem = neighbourhoodProblem(value);
  if (problem !== undefined) throw new ProtocolError(`kernel-build.neighbourhood${problem}`);
  return value as Neighbourhood;
}
