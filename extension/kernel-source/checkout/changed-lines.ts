/** Lines that a diff changed, in the new file, counted from 0, both inclusive. */
export interface LineRange {
  first: number;
  last: number;
}

/**
 * The lines that a diff touches in each file that is left, by path. Where lines were only removed, the lines
 * around the gap count: they are what is left of the place.
 * @param diff of `git diff --unified=0` with the usual prefixes `a/` and `b/`
 */
export function changedLines(diff: string): Map<string, LineRange[]> {
  const files = new Map<string, LineRange[]>();
  let ranges: LineRange[] | undefined;
  /** Lines of the hunk still to come: what they look like means nothing. */
  let content = 0;
  for (const line of diff.split('\n')) {
    if (content > 0 && /^[-+]/.test(line)) {
      content--;
      continue;
    }
    const path = /^\+\+\+ b\/(.*?)\t?$/.exec(line)?.[1];
    if (path !== undefined) files.set(path, (ranges = []));
    else if (line.startsWith('+++ ')) ranges = undefined; // /dev/null: the file is gone
    const hunk = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk === null) continue;
    const [, removed = '1', start = '0', added = '1'] = hunk;
    content = Number(removed) + Number(added);
    ranges?.push(range(Number(start), Number(added)));
  }
  return files;
}

/** @param start counted from 1; of a gap, the line before it */
function range(start: number, added: number): LineRange {
  if (added > 0) return { first: start - 1, last: start + added - 2 };
  return { first: Math.max(start - 1, 0), last: start };
}
