import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { buildIndex } from '../../extension/kernel-source/index/build.ts';
import { SourceIndex } from '../../extension/kernel-source/index/source-index.ts';
import { isCompiled } from '../../extension/kernel-source/resolve/condition.ts';
import type { Reference } from '../../extension/kernel-source/resolve/evidence.ts';
import { KernelConfig } from '../../extension/kernel-source/resolve/kernel-config.ts';
import { KernelSymbols } from '../../extension/kernel-source/resolve/neighbours.ts';
import { resolveFunction } from '../../extension/kernel-source/resolve/resolve.ts';
import { define, writeTree } from './support/source-tree.ts';

const TREE = {
  'net/Makefile':
    'obj-y += core.o\nobj-$(CONFIG_FOO) += foo/\nobj-$(CONFIG_BAR) += bar.o\nobj-$(CONFIG_TABLES) += tables/\n',
  'net/Kconfig':
    'config FOO\n\ttristate "foo"\n\nconfig BAR\n\ttristate "bar"\n\nconfig TABLES\n\tbool "t"\n',
  'net/core.c': define('receive') + define('shared') + define('twice'),
  'net/foo/Makefile':
    'obj-$(CONFIG_FOO) += foo-net.o\nfoo-net-y := main.o $(addprefix lib/, \\\n\tpart.o)\nfoo-net-$(CONFIG_FOO_EXTRA) += extra.o\n',
  'net/foo/main.c': '#include "local.h"\n' + define('receive'),
  'net/foo/lib/part.c': define('dump'),
  'net/foo/extra.c': define('dump'),
  'net/foo/local.h': 'static inline int helper(int a)\n{\n\treturn a;\n}\n',
  'net/other/local.h': 'static inline int helper(int a)\n{\n\treturn a;\n}\n',
  'net/bar.c': define('receive'),
  'net/tables/Makefile': 'obj-y += a.o b.o\n',
  'net/tables/a.c': define('twice') + define('only_a') + define('near_a'),
  'net/tables/b.c': define('twice') + define('only_b'),
  'include/net/stub.h':
    '#ifdef CONFIG_TABLES\nint shared(struct sk_buff *skb);\n#else\nstatic inline int shared(struct sk_buff *skb) { return 0; }\n#endif\n',
  'arch/arm64/kernel/a.c': define('arch_thing', 'int a'),
  'arch/x86/kernel/a.c': define('arch_thing', 'int a'),
  'net/branches.c':
    '#ifdef CONFIG_BAR\n' +
    define('branch') +
    '#else\n' +
    define('branch') +
    '#endif\n#if 0\n' +
    define('dead') +
    '#endif\n',
};

let root = '';
let index: SourceIndex;
before(async () => {
  root = await writeTree(TREE);
  index = new SourceIndex(buildIndex(root));
});
after(() => rm(root, { recursive: true }));

function resolve(reference: Partial<Reference> & { name: string }, config = KernelConfig.unknown()) {
  const filesOf = (name: string) => index.pathsOf(name);
  const wanted = { module: '', ...reference };
  const { candidates, certain } = resolveFunction(index.definitions(wanted.name), wanted, config, filesOf);
  return { files: candidates.map(({ definition: { path, line } }) => `${path}:${line + 1}`), certain };
}

test('the module decides: its name is that of its composite object', () => {
  assert.deepEqual(resolve({ name: 'receive', module: 'foo_net' }).files[0], 'net/foo/main.c:2');
  assert.equal(resolve({ name: 'receive', module: 'foo_net' }).certain, true);
  assert.equal(resolve({ name: 'receive', module: 'bar' }).files[0], 'net/bar.c:1');
});

test('a header belongs to the module that includes it', () => {
  const { files, certain } = resolve({ name: 'helper', module: 'foo_net' });
  assert.deepEqual([files[0], certain], ['net/foo/local.h:1', true]);
});

test('what is always built in goes before what may be a module', () => {
  assert.equal(resolve({ name: 'receive', module: 'vmlinux' }).files[0], 'net/core.c:1');
});

test('a stub in a header does not compete with the function', () => {
  const { files, certain } = resolve({ name: 'shared', module: 'vmlinux' });
  assert.deepEqual([files[0], files.length, certain], ['net/core.c:7', 2, true]);
});

test('other architectures come last', () => {
  assert.equal(resolve({ name: 'arch_thing' }).files[0], 'arch/x86/kernel/a.c:1');
  const arm = resolve({ name: 'arch_thing' }, KernelConfig.unknown('aarch64'));
  assert.deepEqual([arm.files[0], arm.certain], ['arch/arm64/kernel/a.c:1', true]);
});

test('the configuration decides between parts of a module and between branches', () => {
  const unknown = resolve({ name: 'dump', module: 'foo_net' });
  assert.equal(unknown.certain, false);
  const config = KernelConfig.parse('CONFIG_X86=y\nCONFIG_FOO=m\n');
  const known = resolve({ name: 'dump', module: 'foo_net' }, config);
  assert.deepEqual([known.files[0], known.certain], ['net/foo/lib/part.c:1', true]);
  const branch = resolve({ name: 'branch', module: '' }, config);
  assert.deepEqual([branch.files[0], branch.certain], ['net/branches.c:9', true]);
  assert.equal(
    resolve({ name: 'branch' }, KernelConfig.parse('CONFIG_BAR=y\n')).files[0],
    'net/branches.c:2',
  );
});

test('a real tie is left to the user, and the functions around it in memory break it', () => {
  const tie = resolve({ name: 'twice', module: 'vmlinux' });
  assert.deepEqual([tie.certain, tie.files.length], [false, 3]);
  const kallsyms = new KernelSymbols(
    ['1 t only_b', '9 t only_a', 'b t twice', 'c t near_a', '3 t twice', '20 t far [foo]'].join('\n'),
  );
  assert.deepEqual(kallsyms.around('twice', 'vmlinux'), []); // which of the two is not known
  const neighbours = kallsyms.around('twice', 'vmlinux', 0xbn);
  const near = resolve({ name: 'twice', module: 'vmlinux', neighbours });
  assert.deepEqual([near.files[0], near.certain], ['net/tables/a.c:1', true]);
});

test('conditions with and without a configuration', () => {
  const config = KernelConfig.parse('CONFIG_A=y\nCONFIG_M=m\nCONFIG_64BIT=y\n');
  const cases: [string, boolean | undefined][] = [
    ['defined(CONFIG_A)', true],
    ['!defined(CONFIG_A)', false],
    ['defined(CONFIG_M)', false],
    ['defined(CONFIG_M_MODULE)', true],
    ['(IS_ENABLED(CONFIG_M))', true],
    ['(IS_BUILTIN(CONFIG_M))', false],
    ['(0)', false],
    ['defined(CONFIG_B) || (defined(CONFIG_A) && !defined(CONFIG_B))', true],
    ['(BITS_PER_LONG == 64)', true],
    ['(BITS_PER_LONG == 32) && defined(CONFIG_A)', false],
    ['(LINUX_VERSION_CODE > 3)', undefined],
    ['defined(__BIG_ENDIAN_BITFIELD)', false],
  ];
  for (const [condition, value] of cases)
    assert.equal(isCompiled(condition, config, 'state'), value, condition);
  const unknown = KernelConfig.unknown('x86_64', 'CONFIG_B=y\n');
  assert.equal(isCompiled('defined(CONFIG_A)', unknown, 'state'), undefined);
  assert.equal(isCompiled('defined(CONFIG_B)', unknown, 'default'), true);
  assert.equal(isCompiled('defined(CONFIG_A_DEBUG)', unknown, 'likely'), false);
});
