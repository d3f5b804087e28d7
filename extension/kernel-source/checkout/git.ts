import { execFile } from 'node:child_process';
import { PacketTraceError } from '../../base/errors.ts';

/** A diff of a whole release is some 60 MB. */
const OUTPUT_MAX = 200_000_000;
const TIMEOUT_MS = 60_000;

/** Nothing that a repository configures is run, and nothing is written. */
const SAFE = ['-c', 'core.fsmonitor=false', '-c', 'core.quotePath=false', '-c', 'diff.external='];

/**
 * Runs git in a folder and returns what it prints.
 * @throws PacketTraceError when git is missing or fails; the signal's reason when it is aborted
 */
export function git(folder: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const options = {
    cwd: folder,
    encoding: 'latin1',
    maxBuffer: OUTPUT_MAX,
    timeout: TIMEOUT_MS,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    ...(signal && { signal }),
  } as const;
  return new Promise((resolve, reject) => {
    execFile('git', [...SAFE, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (signal?.aborted === true) reject(signal.reason as Error);
      else if (error.code === 'ENOENT')
        reject(new PacketTraceError('usage', 'git was not found.', 'Install git, or add it to PATH.'));
      else {
        const said = stderr.trim().split('\n')[0] ?? '';
        const message = `git ${args[0] ?? ''} failed in ${folder}: ${said === '' ? error.message : said}.`;
        reject(new PacketTraceError('usage', message, ''));
      }
    });
  });
}
