import { execFile } from 'node:child_process';
import { PacketTraceError } from '../../base/errors.ts';

/** A diff of a whole release is some 60 MB. */
const OUTPUT_MAX = 200_000_000;
const TIMEOUT_MS = 60_000;

/** With `filterOptions`, nothing that a repository configures is run, and nothing is written or fetched. */
const SAFE = ['-c', 'core.fsmonitor=false', '-c', 'core.quotePath=false', '-c', 'diff.external='];

/** What says that another repository is meant, or is a program to run: set where git started the editor. */
const FOREIGN =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|SHALLOW_FILE|GRAFT_FILE|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT|EXTERNAL_DIFF|DIFF_OPTS)$/;

/** No protocol is allowed and no blob fetched: a partial clone would run the `ssh` that it configures. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const own = { GIT_OPTIONAL_LOCKS: '0', GIT_ALLOW_PROTOCOL: 'none', GIT_NO_LAZY_FETCH: '1', LC_ALL: 'C' };
  return { ...Object.fromEntries(kept), ...own };
}

/**
 * Options before a command that looks at files: they turn off the programs that the configuration names for
 * contents (`filter.NAME.clean`).
 * @throws PacketTraceError when a filter cannot be turned off; otherwise as `git`
 */
export async function filterOptions(folder: string, signal?: AbortSignal): Promise<string[]> {
  const wanted = ['config', '-z', '--name-only', '--get-regexp', '^filter\\..*\\.(clean|process|required)$'];
  const names = await git(folder, wanted, signal).catch(() => ''); // exit code 1: there are none
  signal?.throwIfAborted();
  return [...new Set(names.split('\0'))].filter(Boolean).flatMap((name) => {
    if (name.includes('='))
      throw new PacketTraceError('usage', `The repository configures ${name}.`, 'Remove that filter.');
    return ['-c', `${name}=${name.endsWith('.required') ? 'false' : ''}`];
  });
}

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
    env: environment(),
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
