/** Values of a kernel's options: what is on, built as a module, off, or not known. */
export type OptionState = 'y' | 'm' | 'n' | undefined;

/** Options that follow from the architecture, for targets whose configuration cannot be read. */
const ALWAYS_ON = new Set([
  'MMU',
  'SMP',
  'NET',
  'INET',
  'MODULES',
  'BLOCK',
  'PROC_FS',
  'SYSCTL',
  'PRINTK',
  'BUG',
]);
const ARCH_OPTIONS: Record<string, readonly string[]> = {
  x86: ['X86', 'X86_64', '64BIT'],
  arm64: ['ARM64', '64BIT'],
  riscv: ['RISCV', '64BIT'],
  s390: ['S390', '64BIT'],
  powerpc: ['PPC', 'PPC64', '64BIT'],
  arm: ['ARM'],
};
const ARCH_ONLY =
  /^(?:X86|X86_32|X86_64|ARM|ARM64|RISCV|S390|PPC|PPC32|PPC64|MIPS|SPARC|SPARC32|SPARC64|PARISC|ALPHA|IA64|M68K|SUPERH|ARC|UML|XTENSA|LOONGARCH|64BIT|CPU_BIG_ENDIAN)$/;

/** Options that kernels in use leave off. */
const USUALLY_OFF =
  /(?:^|_)(?:DEBUG|TEST|TESTS|SELFTEST|SELFTESTS|KUNIT|KUNIT_TEST|KASAN|KMSAN|KCSAN|UBSAN|LOCKDEP|PREEMPT_RT|PROVE_LOCKING|TINY|SLOB|NOMMU|KMEMLEAK|BROKEN)(?:_|$)|_DEBUG/;

/** The options of a target's kernel. */
export class KernelConfig {
  private constructor(
    private readonly values: ReadonlyMap<string, string> | undefined,
    /** The folder of arch/ that the kernel was built for. */
    readonly architecture: string,
    /** Options that the tree's default configuration has on. */
    private readonly defaults: ReadonlySet<string> = new Set(),
  ) {}

  /** Reads a `.config`, `/boot/config-…` or the text of `/proc/config.gz`. */
  static parse(text: string): KernelConfig {
    const values = new Map<string, string>();
    for (const [, name = '', value = ''] of text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)) values.set(name, value);
    const architecture =
      Object.entries(ARCH_OPTIONS).find(([, [option = '']]) => values.get(option) === 'y')?.[0] ?? 'x86';
    return new KernelConfig(values, architecture);
  }

  /**
   * What is known of a kernel without its configuration.
   * @param machine as `uname -m` tells
   * @param defconfig text of the tree's default configuration, see `defconfigPath`
   */
  static unknown(machine = 'x86_64', defconfig = ''): KernelConfig {
    const on = [...defconfig.matchAll(/^CONFIG_(\w+)=[ym]/gm)].map(([, name = '']) => name);
    return new KernelConfig(undefined, architectureOf(machine), new Set(on));
  }

  get isKnown(): boolean {
    return this.values !== undefined;
  }

  /** @param option without `CONFIG_` */
  state(option: string): OptionState {
    if (this.values !== undefined) {
      const value = this.values.get(option);
      return value === undefined ? 'n' : value === 'm' ? 'm' : 'y';
    }
    if (ARCH_ONLY.test(option)) return (ARCH_OPTIONS[this.architecture] ?? []).includes(option) ? 'y' : 'n';
    return ALWAYS_ON.has(option) ? 'y' : undefined;
  }

  /** As `state`; what the tree's default configuration has on counts as on. */
  default(option: string): OptionState {
    return this.state(option) ?? (this.defaults.has(option) ? 'y' : undefined);
  }

  /** As `default`; what is not known is taken as distributions set it: on, but for debugging. */
  likely(option: string): OptionState {
    return this.default(option) ?? (USUALLY_OFF.test(option) ? 'n' : 'y');
  }
}

function architectureOf(machine: string): string {
  if (/^(?:x86_64|i[3-6]86|amd64)$/.test(machine)) return 'x86';
  if (/^(?:aarch64|arm64)/.test(machine)) return 'arm64';
  if (machine.startsWith('arm')) return 'arm';
  if (machine.startsWith('ppc')) return 'powerpc';
  if (machine.startsWith('s390')) return 's390';
  return machine.startsWith('riscv') ? 'riscv' : machine;
}

/** The default configuration of an architecture, relative to the checkout. @param machine as `uname -m` tells */
export function defconfigPath(machine: string): string {
  const architecture = architectureOf(machine);
  return `arch/${architecture}/configs/${architecture === 'x86' ? 'x86_64_defconfig' : 'defconfig'}`;
}
