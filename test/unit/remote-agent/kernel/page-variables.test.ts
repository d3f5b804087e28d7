import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPageVariables, NO_PAGE_VARIABLES } from '../../../../remote-agent/kernel/page-variables.ts';

const KALLSYMS = Buffer.from(
  'ffffffff82a00000 D vmemmap_base\nffffffff82a00008 D page_offset_base\nffffffff82a00010 D other\n',
);
/** As a 6.12 kernel of 52 bits tells it. */
const DESCRIPTION = [
  'OSRELEASE=6.12.0',
  'PAGESIZE=4096',
  'NUMBER(VA_BITS)=52',
  'NUMBER(VMEMMAP_START)=0xffffbfffc0000000',
  '',
].join('\n');

test('x86-64 has variables, or none', () => {
  assert.deepEqual(findPageVariables(KALLSYMS, 'x64'), {
    vmemmapBase: 0xffffffff82a00000n,
    pageOffsetBase: 0xffffffff82a00008n,
    pageBytes: 4096,
  });
  assert.deepEqual(findPageVariables(Buffer.from(''), 'x64'), {
    vmemmapBase: 0n,
    pageOffsetBase: 0n,
    pageBytes: 4096,
  });
});

test('arm64 tells its constants', () => {
  assert.deepEqual(
    findPageVariables(KALLSYMS, 'arm64', () => DESCRIPTION),
    { vmemmapBase: 0xffffbfffc0000000n, pageOffsetBase: 0xfff0000000000000n, pageBytes: 4096 },
  );
  const large = DESCRIPTION.replace('4096', '65536').replace('VA_BITS)=52', 'VA_BITS)=48');
  assert.deepEqual(
    findPageVariables(KALLSYMS, 'arm64', () => large),
    { vmemmapBase: 0xffffbfffc0000000n, pageOffsetBase: 0xffff000000000000n, pageBytes: 65536 },
  );
});

test('arm64 kernels that do not tell all of them have no way to the bytes of pages', () => {
  const of = (description: string | undefined) => findPageVariables(KALLSYMS, 'arm64', () => description);
  assert.deepEqual(of(undefined), NO_PAGE_VARIABLES);
  for (const name of ['NUMBER(VA_BITS)', 'NUMBER(VMEMMAP_START)', 'PAGESIZE']) {
    assert.deepEqual(of(DESCRIPTION.replace(`${name}=`, 'OTHER=')), NO_PAGE_VARIABLES);
    assert.deepEqual(of(DESCRIPTION.replace(`${name}=`, `${name}=-`)), NO_PAGE_VARIABLES);
  }
});
