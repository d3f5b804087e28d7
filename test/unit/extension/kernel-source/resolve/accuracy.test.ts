import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelSource } from '../../../../../build/packages/kernel-source.ts';
import { buildIndex } from '../../../../../extension/kernel-source/index/build.ts';
import { SourceIndex } from '../../../../../extension/kernel-source/index/source-index.ts';
import { KernelConfig } from '../../../../../extension/kernel-source/resolve/kernel-config.ts';
import { resolveFunction } from '../../../../../extension/kernel-source/resolve/resolve.ts';
import { exportedFunctions } from '../../../../support/source/exported-functions.ts';

/** As the truth of the accuracy goals: a return type on a line of its own is no mistake. */
const TOLERANCE_LINES = 3;

test('exported functions of networking in Debian’s 6.1 are found where they are', async () => {
  const root = await kernelSource('6.1', (line) => console.error(line));
  const index = new SourceIndex(buildIndex(root));
  const config = KernelConfig.unknown();
  const functions = exportedFunctions(root, 'net');
  assert.ok(functions.length > 2000, `${functions.length} exported functions`);
  let exact = 0;
  const openedWrongly: string[] = [];
  for (const { name, path, line } of functions) {
    const reference = { name, module: '' };
    const { candidates, certain } = resolveFunction(index.definitions(name), reference, config, (other) =>
      index.pathsOf(other),
    );
    const first = candidates[0]?.definition;
    const isExact = first?.path === path && Math.abs(first.line + 1 - line) <= TOLERANCE_LINES;
    if (isExact) exact++;
    else if (certain) openedWrongly.push(`${name}: ${first?.path}, not ${path}:${line}`);
  }
  assert.ok(exact / functions.length >= 0.99, `${exact} of ${functions.length} exact`);
  assert.ok(openedWrongly.length / functions.length <= 0.001, openedWrongly.join('\n'));
});
