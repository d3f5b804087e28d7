import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { ensureInstalled } from '../../build/packages/debian.ts';
import { packageVsix } from '../../build/package.ts';
import { repoRoot } from '../../build/paths.ts';
import { run } from '../../build/run.ts';

/** Two Node runtimes of some 28 MB are most of it. */
const SIZE_LIMIT = 90_000_000;

describe('the package', () => {
  let vsix: string;
  let files: string[];

  before(async () => {
    await ensureInstalled(['unzip']);
    vsix = await packageVsix();
    const entries = (await run('unzip', ['-Z1', vsix])).trim().split('\n');
    files = entries
      .filter((file) => file.startsWith('extension/'))
      .map((file) => file.slice('extension/'.length));
  });

  test('holds what the extension, the terminal and both architectures of targets need', () => {
    const native = [
      'koffi.node',
      'libbpf.so.1',
      'libelf.so.1',
      'libz.so.1',
      'follow.bpf.o',
      'match.bpf.o',
      'probes.bpf.o',
    ];
    const needed = [
      'package.json',
      'package.nls.json',
      'readme.md',
      'changelog.md',
      'LICENSE.txt',
      'bpf/LICENSE',
      'dist/NOTICE.txt',
      'dist/extension.cjs',
      'dist/packet-trace.cjs',
      'dist/packet-trace.1',
      'dist/filter-worker.cjs',
      'dist/kernel-source-worker.cjs',
      'dist/libpcap.wasm',
      'dist/agent/agent.cjs',
      'dist/node/manifest.json',
      ...['linux-x64', 'linux-arm64'].flatMap((platform) => [
        `dist/node/${platform}.br`,
        ...native.map((file) => `dist/agent/${platform}/${file}`),
      ]),
    ];
    assert.deepEqual(
      needed.filter((file) => !files.includes(file)),
      [],
    );
  });

  test('holds nothing else than built files, pictures, grammars and documents', () => {
    const allowed =
      /^(dist|media|syntaxes)\/|^(package(\.nls)?\.json|readme\.md|changelog\.md|LICENSE\.txt|bpf\/LICENSE)$/;
    assert.deepEqual(
      files.filter((file) => !allowed.test(file)),
      [],
    );
    assert.deepEqual(
      files.filter((file) => /\.(map|ts|tmp)$|(^|\/)\./.test(file)),
      [],
    );
  });

  test('holds everything that package.json names', () => {
    const manifest = readFileSync(join(repoRoot, 'package.json'), 'utf8');
    const named = [...manifest.matchAll(/"\.?\/?((?:dist|media|syntaxes)\/[^"]+)"/g)].map(
      (match) => match[1] ?? '',
    );
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((file) => !files.includes(file)),
      [],
    );
  });

  test('names each shipped work of others in its NOTICE', async () => {
    const notice = await run('unzip', ['-p', vsix, 'extension/dist/NOTICE.txt']);
    for (const work of ['libbpf', 'libelf', 'zlib', 'koffi', 'libpcap', 'Node.js', 'ssh2']) {
      assert.match(notice, new RegExp(`^  ${work} \\S+: `, 'm'), `${work} is missing in NOTICE`);
    }
  });

  test('is small enough to install without thinking', () => {
    const { size } = statSync(vsix);
    console.log(`${(size / 1e6).toFixed(1)} MB`);
    assert.ok(size < SIZE_LIMIT, `${size} bytes`);
  });
});
