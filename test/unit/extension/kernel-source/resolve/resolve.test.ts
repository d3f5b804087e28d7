import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { buildIndex } from '../../../../../extension/kernel-source/index/build.ts';
import { SourceIndex } from '../../../../../extension/kernel-source/index/source-index.ts';
import { isCompiled } from '../../../../../extension/kernel-source/resolve/condition.ts';
import type { Knowledge } from '../../../../../extension/kernel-source/resolve/assumptions.ts';
import type { Reference } from '../../../../../extension/kernel-source/resolve/evidence.ts';
import { KernelConfig } from '../../../../../extension/kernel-source/resolve/kernel-config.ts';
import { Kallsyms } from '../../../../../extension/kernel-source/resolve/kallsyms.ts';
import { resolveFunction } from '../../../../../extension/kernel-source/resolve/resolve.ts';
import { define, writeTree } from '../../../../support/source/source-tree.ts';

const TREE = {
  Kconfig: 'source "net/Kconfig"\n',
  'net/Makefile':
    'obj-y += core.o\nobj-$(CONFIG_FOO) += foo/\nobj-$(CONFIG_BAR) += bar.o\nobj-$(CONFIG_TABLES) += tables/\n' +
    'obj-$(CONFIG_FOO_DEBUG) += debug.o\nobj-$(CONFIG_TABLES) += several/\nobj-$(CONFIG_GONE) += several/\n',
  'net/Kconfig':
    'config FOO\n\ttristate "foo"\n\nconfig BAR\n\ttristate "bar"\n\nconfig TABLES\n\tbool "t"\n\nconfig FOO_EXTRA\n\tbool "x"\n\nconfig FOO_DEBUG\n\tbool "d"\n',
  'net/core.c': define('receive') + define('shared') + define('twice') + define('common'),
  'net/foo/Makefile':
    'obj-$(CONFIG_FOO) += foo-net.o\nfoo-net-y := main.o $(addprefix lib/, \\\n\tpart.o)\nfoo-net-$(CONFIG_FOO_EXTRA) += extra.o\n',
  'net/foo/main.c': '#include "local.h"\n' + define('receive'),
  'net/foo/lib/part.c': define('dump'),
  'net/foo/extra.c': define('dump'),
  'net/foo/local.h': 'static inline int helper(int a)\n{\n\treturn a;\n}\n',
  'net/other/local.h': 'static inline int helper(int a)\n{\n\treturn a;\n}\n',
  'net/bar.c': define('receive') + define('optional') + define('debugged') + define('several'),
  'net/debug.c': define('debugged'),
  'net/several/Makefile': 'obj-y += a.o\n',
  'net/several/a.c': define('several'),
  'include/net/vdso.h':
    '#ifndef CONFIG_TABLES\nstatic inline int vdso_thing(struct sk_buff *skb) { return 0; }\n#endif\n',
  'net/tables/Makefile': 'obj-y += a.o b.o\n',
  'net/tables/a.c':
    define('twice') + define('only_a') + define('near_a') + define('common') + define('optional'),
  'net/tables/b.c': define('twice') + define('only_b'),
  'include/net/stub.h':
    '#ifdef CONFIG_TABLES\nint shared(struct sk_buff *skb);\n#else\nstatic inline int shared(struct sk_buff *skb) { return 0; }\n#endif\n',
  'net/modular.c': '#ifdef MODULE\n' + define('either') + '#else\n' + define('either') + '#endif\n',
  'arch/x86/entry/vdso/Makefile': 'vobjs-y := program.o\nobj-y += vma.o\n',
  'arch/x86/entry/vdso/program.c': define('vdso_thing'),
  'arch/x86/entry/vdso/vma.c': define('vdso_thing'),
  'drivers/Makefile': 'obj-y += efi.o libstub/\n',
  'drivers/efi.c': define('efi_thing'),
  'drivers/libstub/Makefile': 'lib-y += stub.o\n',
  'drivers/libstub/stub.c': define('efi_thing'),
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

/** What the tree tells without a configuration. */
function treeConfig(machine = 'x86_64', defconfig = ''): KernelConfig {
  return KernelConfig.unknown(machine, { defconfig, kconfigs: () => index.kconfigs() });
}

function resolve(reference: Partial<Reference> & { name: string }, config = treeConfig()) {
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
  const arm = resolve({ name: 'arch_thing' }, treeConfig('aarch64'));
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
  const kallsyms = new Kallsyms(
    ['1 t only_b', '9 t only_a', 'b t twice', 'c t near_a', '3 t twice', '20 t far [foo]'].join('\n'),
  );
  assert.deepEqual(kallsyms.around('twice', 'vmlinux'), []); // which of the two is not known
  const neighbours = kallsyms.around('twice', 'vmlinux', 0xbn);
  const near = resolve({ name: 'twice', module: 'vmlinux', neighbours });
  assert.deepEqual([near.files[0], near.certain], ['net/tables/a.c:1', true]);
});

test('a neighbour that several files define says less than one that only one defines', () => {
  const { files } = resolve({ name: 'twice', module: 'vmlinux', neighbours: ['common', 'only_b'] });
  assert.equal(files[0], 'net/tables/b.c:1');
});

test('what may be a module is not preferred, and what users are asked does not decide', () => {
  const { files, certain } = resolve({ name: 'optional', module: 'vmlinux' });
  assert.deepEqual([files, certain], [['net/tables/a.c:25', 'net/bar.c:7'], false]);
  const built = KernelConfig.parse('CONFIG_BAR=m\nCONFIG_TABLES=y\n');
  assert.equal(resolve({ name: 'optional', module: 'vmlinux' }, built).certain, true);
});

test('debugging is off, and a folder is built for one of its options', () => {
  assert.equal(resolve({ name: 'debugged', module: 'vmlinux' }).files[0], 'net/bar.c:13');
  assert.equal(resolve({ name: 'several', module: 'vmlinux' }).files[0], 'net/several/a.c:1');
});

test('code for modules and code for the kernel itself', () => {
  assert.deepEqual(resolve({ name: 'either', module: 'bar' }).files[0], 'net/modular.c:2');
  assert.deepEqual(resolve({ name: 'either', module: 'vmlinux' }).files[0], 'net/modular.c:9');
});

test('what the kernel has beside programs of its own', () => {
  const { files, certain } = resolve({ name: 'vdso_thing', module: 'vmlinux' });
  assert.deepEqual([files[0], certain], ['arch/x86/entry/vdso/vma.c:1', true]);
  const stub = resolve({ name: 'efi_thing', module: 'vmlinux' });
  assert.deepEqual([stub.files[0], stub.certain], ['drivers/efi.c:1', true]);
});

test('conditions with and without a configuration', () => {
  const config = KernelConfig.parse('CONFIG_A=y\nCONFIG_M=m\nCONFIG_64BIT=y\n');
  const compiled = (
    condition: string,
    kernel: KernelConfig,
    knowledge: Knowledge = 'certain',
    module = 'vmlinux',
  ) => isCompiled(condition, { config: kernel, knowledge, module });
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
    ['!defined(MODULE)', true],
  ];
  for (const [condition, value] of cases) assert.equal(compiled(condition, config), value, condition);
  const unknown = KernelConfig.unknown('x86_64', {
    defconfig: 'CONFIG_B=y\n',
    kconfigs: () =>
      new Map([['Kconfig', ['A', 'A_DEBUG', 'B'].map((name) => `config ${name}\nbool ""\n`).join('')]]),
  });
  assert.equal(compiled('defined(MODULE)', config, 'certain', 'foo'), true);
  assert.equal(compiled('defined(MODULE)', config, 'certain', ''), undefined);
  assert.equal(compiled('defined(CONFIG_A)', unknown, 'certain'), undefined);
  assert.equal(compiled('defined(CONFIG_B)', unknown, 'default'), true);
  assert.equal(compiled('defined(CONFIG_A_DEBUG)', unknown, 'guess'), false);
});

test('beside the decompressor lies what the kernel builds in', async () => {
  const boot = await writeTree({
    'arch/x86/Kbuild': 'obj-y += boot/startup/\n',
    'arch/x86/boot/Makefile': 'setup-y += early.o\n',
    'arch/x86/boot/early.c': define('early', 'int a'),
    'include/linux/early.h': '#ifndef CONFIG_X\nstatic inline int early(int a) { return 0; }\n#endif\n',
    'arch/x86/boot/startup/Makefile': 'obj-y += map.o\n',
    'arch/x86/boot/startup/map.c': define('early', 'int a'),
  });
  const built = new SourceIndex(buildIndex(boot));
  await rm(boot, { recursive: true });
  const reference = { name: 'early', module: 'vmlinux' };
  const { candidates, certain } = resolveFunction(
    built.definitions('early'),
    reference,
    KernelConfig.unknown(),
    (name) => built.pathsOf(name),
  );
  assert.equal(certain, true);
  assert.deepEqual(
    candidates.map(({ definition }) => definition.path),
    ['arch/x86/boot/startup/map.c', 'include/linux/early.h', 'arch/x86/boot/early.c'],
  );
});

test('of neighbours that two files define alike, the one that differs decides', async () => {
  const alike = ['add', 'remove', 'get', 'put', 'first', 'next'];
  const text = [...alike, 'wanted'].map((name) => define(name, 'int a')).join('');
  const pair = await writeTree({
    'net/Makefile': 'obj-y += one.o two.o\n',
    'net/one.c': text + define('only_one', 'int a'),
    'net/two.c': text,
  });
  const built = new SourceIndex(buildIndex(pair));
  await rm(pair, { recursive: true });
  const find = (neighbours: readonly string[]) => {
    const reference = { name: 'wanted', module: 'vmlinux', neighbours };
    const definitions = built.definitions('wanted');
    const { candidates, certain } = resolveFunction(definitions, reference, KernelConfig.unknown(), (name) =>
      built.pathsOf(name),
    );
    return [candidates[0]?.definition.path, certain];
  };
  assert.deepEqual(find([...alike, 'only_one']), ['net/one.c', true]);
  assert.deepEqual(find(alike), ['net/one.c', false]);
});

test('a definition for the case that no macro has its name is a fallback; a short one of an option is none', async () => {
  const short = (name: string) => `static void ${name}(int a)\n{\n}\n`;
  const inline = (name: string) => `static inline ${short(name).slice('static '.length)}`;
  const root = await writeTree({
    'net/Makefile': 'obj-y += a.o b.o\n',
    'include/asm-generic/lock.h': `#ifndef unlock\nstatic inline void unlock(int a)\n{\n\tint b;\n\n\tb = a;\n\tuse(b);\n}\n#endif\n`,
    'arch/x86/include/asm/lock.h': `#define unlock unlock\n${inline('unlock')}`,
    'net/a.c': `#ifdef CONFIG_SMP\n${short('show')}#endif\n`,
    'net/b.c': short('show'),
  });
  const built = new SourceIndex(buildIndex(root));
  await rm(root, { recursive: true });
  const find = (name: string) => {
    const filesOf = (other: string) => built.pathsOf(other);
    const reference = { name, module: 'vmlinux' };
    const { candidates } = resolveFunction(
      built.definitions(name),
      reference,
      KernelConfig.unknown(),
      filesOf,
    );
    return candidates.map(({ definition: { path }, score }) => [path, score] as const);
  };
  assert.equal(find('unlock')[0]?.[0], 'arch/x86/include/asm/lock.h');
  const [first, second] = find('show');
  assert.equal(first?.[1], second?.[1]);
});
