import { PacketTraceError } from '../../base/errors.ts';
import type { FunctionFact } from '../c/scanner/facts.ts';
import { functionsOfText } from '../c/scanner/file-functions.ts';
import { changedLines, type LineRange } from './changed-lines.ts';
import { filterOptions, git } from './git.ts';
import { readSourceText } from './read-source-file.ts';

/** A branch with more changed files is not compared with what it was made from. */
const FILES_MAX = 2000;

export interface ChangedFunction extends FunctionFact {
  /** Relative to the checkout. */
  path: string;
}

export interface BranchChanges {
  /** Name of the current branch, or the commit where none is checked out. */
  branch: string;
  /** What it was compared with: `origin/master`, or `HEAD` for uncommitted changes alone. */
  base: string;
  functions: ChangedFunction[];
}

/**
 * The functions with lines that differ from where the current branch left its upstream or default branch,
 * uncommitted changes and new files included.
 * @throws PacketTraceError when git is missing, the folder is no repository, or the branches are too far apart
 */
export async function changedFunctions(root: string, signal?: AbortSignal): Promise<BranchChanges> {
  const branch = (await git(root, ['rev-parse', '--abbrev-ref', 'HEAD'], signal)).trim();
  const base = await baseOf(root, branch, signal);
  const commit = (await git(root, ['merge-base', 'HEAD', base], signal)).trim();
  const diffOptions = [
    ...[
      '--unified=0',
      '--inter-hunk-context=0',
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      '--relative',
    ],
    '--ignore-submodules=all',
  ];
  const prefixes = ['--src-prefix=a/', '--dst-prefix=b/'];
  const plain = await filterOptions(root, signal);
  const sources = ['--', '*.c', '*.h'];
  const diff = await git(root, [...plain, 'diff', ...diffOptions, ...prefixes, commit, ...sources], signal);
  const files = changedLines(diff);
  const untracked = ['ls-files', '-z', '--others', '--exclude-standard', ...sources];
  for (const path of (await git(root, [...plain, ...untracked], signal)).split('\0'))
    if (path !== '') files.set(path, [{ first: 0, last: Infinity }]);
  if (files.size > FILES_MAX)
    throw new PacketTraceError(
      'usage',
      `${branch} differs from ${base} in ${files.size} files.`,
      'Set the upstream that it was made from: git branch --set-upstream-to=REMOTE/BRANCH.',
    );
  const functions: ChangedFunction[] = [];
  for (const [path, ranges] of files) {
    signal?.throwIfAborted();
    const text = await readSourceText(root, path); // changed again since
    for (const fact of functionsIn(text, path, ranges)) functions.push({ ...fact, path });
  }
  return { branch: branch === 'HEAD' ? commit.slice(0, 12) : branch, base, functions };
}

/** The functions of a text with a changed line. */
export function functionsIn(text: string, path: string, ranges: readonly LineRange[]): FunctionFact[] {
  return functionsOfText(text, path).filter(({ line, lastLine }) =>
    ranges.some(({ first, last }) => first <= lastLine && last >= line),
  );
}

/** A pattern for whole names of functions, and of the copies that compilers make of them. */
export function functionsPattern(names: readonly string[]): string {
  return `(?:${[...new Set(names)].join('|')})(?:\\.\\w+)*`;
}

/**
 * What the branch was made from: its upstream if that has another name, else the default branch of a remote or
 * of this repository, else its upstream; `HEAD` when there is nothing to compare with.
 */
async function baseOf(root: string, branch: string, signal: AbortSignal | undefined): Promise<string> {
  const name = (ref: string) =>
    git(root, ['rev-parse', '--verify', '--quiet', '--abbrev-ref', ref], signal).then(
      (text) => text.trim(),
      () => {
        signal?.throwIfAborted();
        return '';
      },
    );
  const upstream = await name('@{upstream}');
  if (upstream !== '' && !upstream.endsWith(`/${branch}`)) return upstream;
  for (const ref of ['refs/remotes/origin/HEAD', 'origin/main', 'origin/master', 'main', 'master']) {
    const found = await name(ref);
    if (found !== '' && found !== branch && found !== upstream) return found;
  }
  return upstream === '' ? 'HEAD' : upstream;
}
