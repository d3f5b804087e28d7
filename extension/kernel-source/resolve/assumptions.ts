import { anyAnswer, type Assumptions } from '../kconfig/option-values.ts';
import type { Option } from '../kconfig/options.ts';
import { Value, type ValueSet } from '../kconfig/value-set.ts';

/**
 * How much is assumed of a kernel whose configuration is not known; each includes the one before: only what
 * Kconfig leaves no choice about, then the tree's default configuration and what nobody turns on, then the
 * bolder guess that what can be on is.
 */
export type Knowledge = 'certain' | 'default' | 'guess';

/** Options that a machine that packets are traced on is not without. */
const ALWAYS_ON = new Set([
  ...['MMU', 'SMP', 'NET', 'INET', 'MODULES', 'BLOCK', 'PROC_FS', 'SYSFS', 'SYSCTL', 'PRINTK', 'BUG'],
  ...['BPF_SYSCALL', 'PERF_EVENTS', 'KPROBES', 'FTRACE'],
]);
/** Those of the architectures, by folder of arch/. */
export const ARCH_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  x86: ['X86', 'X86_64', '64BIT'],
  arm64: ['ARM64', '64BIT'],
  riscv: ['RISCV', '64BIT'],
  s390: ['S390', '64BIT'],
  powerpc: ['PPC', 'PPC64', '64BIT'],
  arm: ['ARM'],
};
const ARCH_ONLY =
  /^(?:X86|X86_32|X86_64|ARM|ARM64|RISCV|S390|PPC|PPC32|PPC64|MIPS|SPARC|SPARC32|SPARC64|PARISC|ALPHA|IA64|M68K|SUPERH|ARC|UML|XTENSA|LOONGARCH|64BIT|CPU_BIG_ENDIAN)$/;

/** What holds only for those who ask for it: other compilers, kernels that are built to see whether they build. */
const NOT_BY_DEFAULT = new Set(['CC_IS_CLANG', 'LD_IS_LLD', 'AS_IS_LLVM', 'COMPILE_TEST']);

/** Abilities of compilers and linkers: those of today have them. */
const TOOLCHAIN = /^(?:CC|AS|LD|TOOLS|PAHOLE)_(?:HAS|CAN|SUPPORTS?)_/;

/** Options that kernels in use leave off. */
const USUALLY_OFF =
  /(?:^|_)(?:DEBUG(?!_FS$)|TEST|TESTS|SELFTEST|SELFTESTS|KUNIT|KUNIT_TEST|KASAN|KMSAN|KCSAN|UBSAN|LOCKDEP|PREEMPT_RT|PROVE_LOCKING|LOCK_STAT|TINY|SLOB|NOMMU|KMEMLEAK|BROKEN)(?:_|$)|_DEBUG/;

/** @param defconfig text of the tree's default configuration */
export function assumptions(architecture: string, defconfig: string): Record<Knowledge, Assumptions> {
  // A module there may be built in elsewhere: IPv6 is, with arm64.
  const presets = new Set([...defconfig.matchAll(/^CONFIG_(\w+)=[ym]$/gm)].map(([, name = '']) => name));
  const given = (name: string) => factOf(name, architecture);
  const assumed = (name: string) => given(name) ?? (NOT_BY_DEFAULT.has(name) ? Value.N : undefined);
  const byDefault = (name: string, option: Option, preset: ValueSet) =>
    defaultAnswer(presets, name, option, preset);
  return {
    certain: { given, answer: (_name, option) => anyAnswer(option) },
    default: { given: assumed, answer: byDefault },
    guess: {
      given: (name) => assumed(name) ?? (TOOLCHAIN.test(name) ? Value.Y : undefined),
      answer: (name, option, preset) => {
        const known = byDefault(name, option, preset);
        if (known === Value.N) return known;
        return (known & Value.N) === 0 ? Value.Y : likelyAnswer(presets, name, option, preset);
      },
    },
  };
}

function factOf(option: string, architecture: string): ValueSet | undefined {
  if (ARCH_ONLY.test(option)) return (ARCH_OPTIONS[architecture] ?? []).includes(option) ? Value.Y : Value.N;
  return ALWAYS_ON.has(option) ? Value.Y : undefined;
}

/** @param preset the default of Kconfig */
function defaultAnswer(
  presets: ReadonlySet<string>,
  name: string,
  option: Option,
  preset: ValueSet,
): ValueSet {
  // Of a choice distributions take what suits them, not always the default.
  if (preset === Value.Y && option.choice === undefined) return Value.Y;
  // Distributions build what they can as modules.
  if (presets.has(name))
    return option.choice === undefined ? anyAnswer(option) & ~Value.N : anyAnswer(option);
  return USUALLY_OFF.test(name) ? Value.N : anyAnswer(option);
}

/** What more distributions set than not: on; of a choice what the tree's configuration has, or the default. */
function likelyAnswer(
  presets: ReadonlySet<string>,
  name: string,
  { choice }: Option,
  preset: ValueSet,
): ValueSet {
  if (choice === undefined) return Value.Y;
  const isChosen = choice.members.some((member) => presets.has(member))
    ? presets.has(name)
    : preset === Value.Y;
  return isChosen ? Value.Y : Value.N;
}
