import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildFacts, decodeObjects } from '../../../../../extension/kernel-source/kbuild/build-facts.ts';

/** What a file is built into, after these Makefiles. */
function objectsOf(path: string, makefiles: Record<string, string>) {
  const facts = new BuildFacts();
  for (const [makefile, text] of Object.entries(makefiles)) facts.addMakefile(makefile, text, () => '');
  return decodeObjects(facts.encode(path)).map(({ module, options }) => [module, ...options].join(' '));
}

test('conditionals of a Makefile are conditions of its objects', () => {
  const makefile = `
ifeq ($(CONFIG_OLD),y)
obj-$(CONFIG_JIT) += old.o
else
obj-$(CONFIG_JIT) += new.o
ifdef CONFIG_PM
obj-y += suspend.o
else ifneq ($(CONFIG_IDLE),)
obj-y += idle.o
endif
endif
ifneq ($(CONFIG_A)$(CONFIG_B),)
obj-y += either.o
endif
ifeq ($(CC),gcc)
obj-y += compiler.o
endif
obj-y += plain.o
`;
  const of = (name: string) => objectsOf(`a/${name}.c`, { 'a/Makefile': makefile });
  assert.deepEqual(of('old'), ['old JIT OLD']);
  assert.deepEqual(of('new'), ['new JIT !OLD']);
  assert.deepEqual(of('suspend'), ['suspend !OLD PM']);
  assert.deepEqual(of('idle'), ['idle !OLD !PM IDLE']);
  assert.deepEqual(of('either'), ['either']);
  assert.deepEqual(of('compiler'), ['compiler']);
  assert.deepEqual(of('plain'), ['plain']);
});

test('lists whose option is within a function of make', () => {
  for (const suffix of [
    '$(CONFIG_X)',
    '${CONFIG_X}',
    '$(CONFIG_X:m=y)',
    '$(if $(CONFIG_X),y)',
    '$(subst y,$(CONFIG_Y),$(CONFIG_X))',
  ]) {
    const makefile = `obj-${suffix} += a.o\n`;
    assert.deepEqual(objectsOf('net/a.c', { 'net/Makefile': makefile }), ['a X'], suffix);
  }
});

test('a source that the Makefile takes from another folder', () => {
  const objects = (makefile: string, path: string) => {
    const present = ['kernel/bpf/core.c', 'tools/lib/core.c', 'tools/lib/shared.c', 'drivers/old/mode.c'];
    const facts = new BuildFacts();
    facts.addMakefile('kernel/bpf/Makefile', makefile, (other) => (present.includes(other) ? 'text' : ''));
    return [...decodeObjects(facts.encode(path)).map(({ module }) => module), facts.sourcesByRule.join()];
  };
  const lists = 'obj-y += core.o shared.o\n';
  const shared = 'tools/lib/shared.c';
  for (const rule of [
    '$(obj)/shared.o: $(srctree)/tools/lib/shared.c FORCE\n',
    'vpath %.c $(srctree)/a:$(srctree)/tools/lib\n',
    '$(obj)/%.o: $(srctree)/tools/lib/%.c FORCE\n',
  ]) {
    assert.deepEqual(objects(lists + rule, shared), ['shared', shared], rule);
    assert.deepEqual(objects(lists + rule, 'kernel/bpf/core.c'), ['core', shared], rule);
    assert.deepEqual(objects(lists + rule, 'tools/lib/core.c'), [shared], rule);
  }
  const folder =
    'new-y := new-old/mode.o\nobj-m := new.o\n$(obj)/new-old/%.o: $(srctree)/drivers/old/%.c FORCE\n';
  assert.deepEqual(objects(folder, 'drivers/old/mode.c'), ['new', 'drivers/old/mode.c']);
});

test('a folder that several lines name is built if one of them holds', () => {
  const of = (lines: string) =>
    objectsOf('a/b/c.c', { 'a/Makefile': lines, 'a/b/Makefile': 'obj-$(CONFIG_C) += c.o\n' });
  assert.deepEqual(of('obj-$(CONFIG_X) += b/\n'), ['c C X']);
  assert.deepEqual(of('obj-$(CONFIG_X) += b/\nobj-$(CONFIG_Y) += b/\n'), ['c C X|Y']);
  assert.deepEqual(of('obj-$(CONFIG_X) += b/\nobj-y += b/\n'), ['c C']);
});
