/** A kernel tree as somebody has it who works on it: a git repository on a branch that changes a function. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureInstalled } from '../../build/packages/debian.ts';
import { run } from '../../build/run.ts';

export interface BranchCheckout {
  root: string;
  branch: string;
  remove(): Promise<void>;
}

/**
 * Copies a tree by links and changes it, no line being moved: in the repository's first commit it is of another
 * release, on the branch functions of a file differ.
 * @param tree in whose file system the copy will be
 * @param file the only one in the repository
 * @param functions of the file
 */
export async function branchCheckout(
  tree: string,
  file: string,
  functions: readonly string[],
): Promise<BranchCheckout> {
  await ensureInstalled(['git']);
  const dir = await mkdtemp(join(dirname(tree), '.tmp-branch-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  const root = join(dir, 'linux');
  const branch = 'count-hooks';
  const git = (...args: string[]) =>
    run('git', ['-C', root, '-c', 'user.name=Test', '-c', 'user.email=test@localhost', ...args]);
  try {
    await run('cp', ['--archive', '--link', tree, root]);
    await edit(join(root, 'Makefile'), (text) =>
      text.replace(/^SUBLEVEL = (\d+)$/m, (_, sub) => `SUBLEVEL = ${Number(sub) - 1}`),
    );
    await git('init', '--quiet', '--initial-branch=master');
    await git('add', '--force', file);
    await git('commit', '--quiet', '--message=Import');
    await git('checkout', '--quiet', '-b', branch);
    await edit(join(root, file), (text) =>
      functions.reduce(
        (edited, name) =>
          edited.replace(new RegExp(`(^\\w.*\\b${name}\\([^;{]*\\)\\n\\{)\\n`, 'm'), '$1 /* counted */\n'),
        text,
      ),
    );
    return { root, branch, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Writes another file in place of one: what it is linked to stays as it is. */
async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`${path} is not as expected: nothing in it was changed`);
  await writeFile(`${path}.new`, changed);
  await rename(`${path}.new`, path);
}
