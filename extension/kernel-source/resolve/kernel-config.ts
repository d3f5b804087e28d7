import { OptionValues } from '../kconfig/option-values.ts';
import { type Option, readOptions } from '../kconfig/options.ts';
import { Value, type ValueSet } from '../kconfig/value-set.ts';
import { ARCH_OPTIONS, assumptions, type Knowledge } from './assumptions.ts';

/** What a tree tells of the options of its kernels. */
export interface TreeOptions {
  /** Text of its default configuration, see `defconfigPath`. */
  defconfig: string;
  /** What `compactKconfig` made of its Kconfig files, by path; empty when they have not been read. */
  kconfigs: () => ReadonlyMap<string, string>;
}

/** The options of a target's kernel. */
export class KernelConfig {
  private constructor(
    /** Whether the configuration is that of the target. */
    readonly isKnown: boolean,
    /** The folder of arch/ that the kernel was built for. */
    readonly architecture: string,
    /** The values that an option, named without `CONFIG_`, may have. */
    readonly possible: (option: string, knowledge: Knowledge) => ValueSet,
  ) {}

  /** Reads a `.config`, `/boot/config-…` or the text of `/proc/config.gz`. */
  static parse(text: string): KernelConfig {
    const values = new Map<string, ValueSet>();
    for (const [, name = '', value = ''] of text.matchAll(/^CONFIG_(\w+)=(.*)$/gm))
      values.set(name, value === 'm' ? Value.M : Value.Y);
    const isSet = (option: string | undefined) => values.get(option ?? '') === Value.Y;
    const architecture = Object.entries(ARCH_OPTIONS).find(([, [option]]) => isSet(option))?.[0] ?? 'x86';
    return new KernelConfig(true, architecture, (option) => values.get(option) ?? Value.N);
  }

  /**
   * What is known of a kernel without its configuration.
   * @param machine as `uname -m` tells
   */
  static unknown(machine = 'x86_64', tree?: TreeOptions): KernelConfig {
    let inferred: Record<Knowledge, OptionValues> | undefined;
    return new KernelConfig(false, architectureOf(machine), (option, knowledge) => {
      inferred ??= inferOptions(machine, tree);
      return inferred[knowledge].possible(option);
    });
  }
}

/** Of a tree whose Kconfig files, or some of them, are not known. */
const FREE_OPTION: Option = {
  type: 'tristate',
  entries: [{ depends: undefined, prompt: '', defaults: [] }],
  selectedBy: [],
  impliedBy: [],
  choice: undefined,
};

function inferOptions(machine: string, tree: TreeOptions | undefined): Record<Knowledge, OptionValues> {
  const architecture = architectureOf(machine);
  const arch = architecture === 'x86' ? 'x86_64' : architecture;
  const { options, isComplete } = readOptions(
    tree?.kconfigs() ?? new Map<string, string>(),
    architecture,
    arch,
  );
  const optionOf = (name: string) => {
    const option = options.get(name);
    const isDefined = option !== undefined && option.entries.length > 0;
    return isDefined || isComplete ? option : FREE_OPTION; // some file that is not there may define it
  };
  const assumed = assumptions(architecture, tree?.defconfig ?? '');
  return {
    certain: new OptionValues(optionOf, assumed.certain),
    default: new OptionValues(optionOf, assumed.default),
    guess: new OptionValues(optionOf, assumed.guess),
  };
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
