import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SKB } from '../../../../../common/expression/compile.ts';
import { TYPES_LIMIT } from '../../../../../common/packed.ts';
import { KnownTypes } from '../../../../../extension/vscode/filter/known-types.ts';
import { expressionTypes } from '../../../../../remote-agent/conditions/expression-types.ts';
import { kernelTypes } from '../../../common/expression/kernel.ts';

const log = { warn: () => assert.fail('a warning') };
const pack = (bytes: Uint8Array) => ({ types: gzipSync(bytes).toString('base64') });

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'known-types-'))));
after(() => rm(folder, { recursive: true }));

test('types of the last kernel are there for every window', async () => {
  const inner = join(folder, 'not', 'made', 'yet');
  const [window, other] = [new KnownTypes(inner, log), new KnownTypes(inner, log)];
  assert.equal(await window.kernel(), undefined);
  await window.keep(pack(expressionTypes(kernelTypes)), 'Linux 6.1 of one');
  await window.keep({ types: '' }, 'Linux 6.2, whose types are not known');
  const kernel = await other.kernel();
  assert.equal(kernel?.name, 'Linux 6.1 of one');
  assert.equal(kernel.compiler.type('skb->dev->ifindex', SKB).kind, 'int');
  assert.equal(await other.kernel(), kernel); // read once
  await window.keep(pack(expressionTypes(kernelTypes)), 'Linux 6.12 of another');
  assert.equal((await other.kernel())?.name, 'Linux 6.12 of another');
});

test('what is kept and cannot be read is as if nothing were kept', async () => {
  const types = new KnownTypes(folder, log);
  for (const bytes of [Buffer.from('no types'), Buffer.alloc(TYPES_LIMIT + 1)]) {
    await types.keep(pack(bytes), 'broken');
    assert.equal(await types.kernel(), undefined);
  }
  await writeFile(join(folder, 'expression-types.json'), '{"name":');
  assert.equal(await types.kernel(), undefined);
});

test('a folder that cannot be written is a warning', async () => {
  const warnings: string[] = [];
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const types = new KnownTypes(join(file, 'inside'), { warn: (message) => warnings.push(message) });
  await types.keep(pack(expressionTypes(kernelTypes)), 'Linux');
  assert.match(warnings.join(), /types for completing expressions are not kept: E/);
});
