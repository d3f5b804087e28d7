import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactKconfig } from '../../../../../extension/kernel-source/kconfig/compact.ts';
import { KernelConfig } from '../../../../../extension/kernel-source/resolve/kernel-config.ts';
import type { Knowledge } from '../../../../../extension/kernel-source/resolve/assumptions.ts';
import { Value } from '../../../../../extension/kernel-source/kconfig/value-set.ts';

/** Possible values as letters, of a tree with these Kconfig files. */
function values(files: Record<string, string>, { defconfig = '', machine = 'x86_64' } = {}) {
  const kconfigs = new Map(Object.entries(files).map(([path, text]) => [path, compactKconfig(text)]));
  const config = KernelConfig.unknown(machine, { defconfig, kconfigs: () => kconfigs });
  return (option: string, knowledge: Knowledge = 'certain') => {
    const set = config.possible(option, knowledge);
    return (['N', 'M', 'Y'] as const).filter((value) => (set & Value[value]) !== 0).join('');
  };
}

test('only what users are asked is open, and what no file defines is off', () => {
  const of = values({
    Kconfig: `
config ASKED
	bool "a question"
config MODULAR
	tristate "a driver"
config DERIVED
	def_bool y
config UNUSED
	bool
	help
	  A text that says
	    default y
config LAST
	bool
	default y if ASKED
`,
  });
  assert.equal(of('ASKED'), 'NY');
  assert.equal(of('MODULAR'), 'NMY');
  assert.equal(of('DERIVED'), 'Y');
  assert.equal(of('UNUSED'), 'N');
  assert.equal(of('LAST'), 'NY');
});

test('dependencies limit, also those of menus, ifs and sourcing files', () => {
  const of = values({
    Kconfig: `
config OFF
	bool
menu "menu"
	depends on OFF
config IN_MENU
	bool "a"
endmenu
config AFTER
	bool "b"
	depends on !OFF && (DRIVER || DRIVER=n)
config DRIVER
	tristate "d"
comment "no option"
	depends on OFF
config PART
	tristate "p"
	depends on DRIVER
if OFF
source "lib/Kconfig"
endif
`,
    'lib/Kconfig': 'config IN_FILE\n\tbool "c"\n',
  });
  assert.equal(of('IN_MENU'), 'N');
  assert.equal(of('AFTER'), 'NY');
  assert.equal(of('PART'), 'NMY');
  assert.equal(of('IN_FILE'), 'N');
});

test('what is inside of several blocks depends on all of them, and not on the comments among them', () => {
  const of = values({
    Kconfig: `
config ON
	def_bool y
config OFF
	bool
menu "outer"
	depends on OFF
config OWN
	bool "a"
	depends on ON
menu "inner"
config IN_INNER
	bool "b"
endmenu
if ON
config IN_IF
	bool "c"
endif
endmenu
menu "two conditions"
	depends on OFF
	depends on ON
config TWO
	bool "d"
endmenu
menu "with a comment"
comment "none of the options"
	depends on OFF
config AFTER_COMMENT
	bool "e"
endmenu
`,
  });
  for (const option of ['OWN', 'IN_INNER', 'IN_IF', 'TWO']) assert.equal(of(option), 'N', option);
  assert.equal(of('AFTER_COMMENT'), 'NY');
});

test('what is selected is on, at least as its selector is', () => {
  const of = values({
    Kconfig: `
config BASE
	def_bool y
	select LIBRARY
	select WITH_DRIVER if DRIVER
config DRIVER
	tristate
	default m
config LIBRARY
	tristate
config WITH_DRIVER
	tristate "w"
config SELECTS_NOTHING
	def_bool y
	select NO_SUCH_OPTION
config CYCLE_A
	bool
	default CYCLE_B
config CYCLE_B
	bool
	default CYCLE_A
`,
  });
  assert.equal(of('LIBRARY'), 'Y');
  assert.equal(of('WITH_DRIVER'), 'MY');
  assert.equal(of('NO_SUCH_OPTION'), 'N');
  assert.match(of('CYCLE_A'), /N/);
});

test('the architecture decides which files and defaults there are', () => {
  const files = {
    Kconfig: 'source "arch/$(SRCARCH)/Kconfig"\nconfig NEWER\n\tdef_bool $(success,test -n "$(CC)")\n',
    'arch/x86/Kconfig': 'config HAVE_X\n\tdef_bool "$(ARCH)" = "x86_64"\n',
    'arch/arm64/Kconfig': 'config HAVE_ARM\n\tdef_bool y\n',
  };
  const x86 = values(files);
  assert.deepEqual([x86('HAVE_X'), x86('HAVE_ARM'), x86('NEWER')], ['Y', 'N', 'NY']);
  const arm = values(files, { machine: 'aarch64' });
  assert.deepEqual([arm('HAVE_X'), arm('HAVE_ARM')], ['N', 'Y']);
});

test('the default configuration and what distributions do answer questions', () => {
  const of = values(
    {
      Kconfig: `
choice
	prompt "allocator"
	default FIRST
config FIRST
	bool "1"
config SECOND
	bool "2"
endchoice
choice
	prompt "another"
	default FOURTH if OFF
	default THIRD
config THIRD
	bool "3"
config FOURTH
	bool "4"
endchoice
config SET
	bool "set"
config SET_DRIVER
	tristate "set"
config PRESET
	bool "preset"
	default y
config OPEN
	bool "open"
config OPEN_DEBUG
	bool "debugging"
`,
    },
    { defconfig: 'CONFIG_SECOND=y\nCONFIG_SET=y\nCONFIG_SET_DRIVER=y\n' },
  );
  const each = (option: string) => [of(option), of(option, 'default'), of(option, 'guess')];
  assert.deepEqual(each('FIRST'), ['NY', 'NY', 'N']);
  assert.deepEqual(each('SECOND'), ['NY', 'NY', 'Y']);
  assert.deepEqual(each('THIRD'), ['NY', 'NY', 'Y']);
  assert.deepEqual(each('FOURTH'), ['NY', 'NY', 'N']);
  assert.deepEqual(each('SET'), ['NY', 'Y', 'Y']);
  assert.deepEqual(each('SET_DRIVER'), ['NMY', 'MY', 'Y']);
  assert.deepEqual(each('PRESET'), ['NY', 'Y', 'Y']);
  assert.deepEqual(each('OPEN'), ['NY', 'NY', 'Y']);
  assert.deepEqual(each('OPEN_DEBUG'), ['NY', 'N', 'N']);
});

test('what the default configuration has as a module may be built in', () => {
  const files = { Kconfig: 'config PROTOCOL\n\ttristate "a protocol"\n' };
  const of = values(files, { defconfig: 'CONFIG_PROTOCOL=m\n' });
  assert.deepEqual([of('PROTOCOL', 'default'), of('PROTOCOL', 'guess')], ['MY', 'Y']);
});

test('compilers have the abilities of today, and kernels are not built for a trial of the build', () => {
  const of = values({
    Kconfig: `
config CC_HAS_INT128
	def_bool !$(cc-option,-D__SIZEOF_INT128__=0)
config CC_IS_CLANG
	def_bool $(success,test "$(CC)" = clang)
config COMPILE_TEST
	bool "build what cannot run here"
config ELSEWHERE
	bool "driver of another machine"
	depends on COMPILE_TEST
`,
  });
  const each = (option: string) => [of(option), of(option, 'default'), of(option, 'guess')];
  assert.deepEqual(each('CC_HAS_INT128'), ['NY', 'NY', 'Y']);
  assert.deepEqual(each('CC_IS_CLANG'), ['NY', 'N', 'N']);
  assert.deepEqual(each('ELSEWHERE'), ['NY', 'N', 'N']);
});

test('where a file that is sourced is not there, an option that no other defines may have any value', () => {
  const Kconfig = `source "arch/Kconfig"\nsource "samples/Kconfig"\nconfig HERE\n\tbool\nconfig ASKS\n\tbool "a"\n\tdepends on GONE\n\tselect SELECTED\n`;
  const incomplete = values({ Kconfig });
  assert.equal(incomplete('GONE'), 'NMY');
  assert.equal(incomplete('SELECTED'), 'NMY');
  assert.equal(incomplete('HERE'), 'N');
  assert.equal(incomplete('ASKS'), 'NY');
  // Of folders that are not indexed, and of what may be missing, nothing is told.
  const whole = values({ Kconfig: `${Kconfig}osource "more/Kconfig"\n`, 'arch/Kconfig': '' });
  assert.equal(whole('GONE'), 'N');
  assert.equal(whole('ASKS'), 'N');
});

test('Kconfig files that source each other again and again end, and tell nothing for certain', () => {
  const LEVELS = 60;
  let read = 0;
  const files = new Map<string, string>();
  for (let level = 0; level < LEVELS; level++) {
    const next = `source "${level + 1}/Kconfig"\n`.repeat(2);
    files.set(
      level === 0 ? 'Kconfig' : `${level}/Kconfig`,
      `${next}config ON\n\tdef_bool y\n${'#\n'.repeat(50_000)}`,
    );
  }
  files.set(`${LEVELS}/Kconfig`, 'config LAST\n\tdef_bool y\n');
  const kconfigs = new Map(files);
  kconfigs.get = (path) => {
    read++;
    return files.get(path);
  };
  const config = KernelConfig.unknown('x86_64', { defconfig: '', kconfigs: () => kconfigs });
  assert.equal(config.possible('NONE', 'certain'), Value.N | Value.M | Value.Y);
  assert.ok(read < 2000, `${read}`);
  const chain = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [
      index === 0 ? 'Kconfig' : `${index}/Kconfig`,
      `source "${index + 1}/Kconfig"\n`,
    ]),
  );
  assert.equal(values(chain)('NONE'), 'NMY');
});
