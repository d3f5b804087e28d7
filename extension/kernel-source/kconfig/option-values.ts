/**
 * Values of options where the configuration is not known. Kconfig files come in, shortened when they are indexed
 * (compact.ts); for each option the set of values that it may have goes out. Read this file first, then options.ts,
 * which reads the files, and expression.ts.
 */
import { evaluate } from './expression.ts';
import type { Choice, Dependency, Entry, Option, Source } from './options.ts';
import { ANY, BOOL, both, either, Value, type ValueSet, withoutModule } from './value-set.ts';

/** What is taken for granted of options. */
export interface Assumptions {
  /** The value of an option whatever Kconfig says; undefined: as Kconfig says. */
  given: (name: string) => ValueSet | undefined;
  /**
   * What users answer where they are asked.
   * @param preset the default of Kconfig
   */
  answer: (name: string, option: Option, preset: ValueSet) => ValueSet;
}

/** The values that options may have by the rules of Kconfig, worked out one by one as they are asked for. */
export class OptionValues {
  private readonly known = new Map<string, ValueSet>();
  private readonly expressions = new Map<string, ValueSet>();

  constructor(
    private readonly optionOf: (name: string) => Option | undefined,
    private readonly assumptions: Assumptions,
  ) {}

  /** An option that is not there is off. */
  possible(name: string): ValueSet {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    this.known.set(name, ANY); // what an option that depends on itself sees
    const value = this.assumptions.given(name) ?? this.derived(name);
    this.known.set(name, value);
    return value;
  }

  private derived(name: string): ValueSet {
    const option = this.optionOf(name);
    if (option === undefined || option.entries.length === 0) return Value.N;
    const selected = this.anyOf(option.selectedBy);
    const preset =
      option.choice === undefined
        ? either(this.preset(option), this.anyOf(option.impliedBy))
        : this.chosen(option.choice, name);
    const visible = this.visible(option);
    const allowed = option.entries.map((entry) => this.allOf(entry.depends)).reduce(either, Value.N);
    let value = 0;
    if (visible !== Value.N) value |= both(this.assumptions.answer(name, option, preset), visible);
    if ((visible & Value.N) !== 0) value |= both(preset, allowed);
    value = either(value, selected);
    if (option.type === 'other') return withoutModule(allowed);
    return option.type === 'tristate' ? value : withoutModule(value);
  }

  /** Whether the user is asked. */
  private visible({ entries }: Option): ValueSet {
    return entries
      .filter((entry): entry is Entry & { prompt: string } => entry.prompt !== undefined)
      .map(({ prompt, depends }) => both(this.expression(prompt), this.allOf(depends)))
      .reduce(either, Value.N);
  }

  private preset({ entries }: Option): ValueSet {
    let result = 0;
    for (const { defaults, depends } of entries)
      for (const { value, condition } of defaults) {
        const holds = both(this.expression(condition), this.allOf(depends));
        if (holds === Value.N) continue;
        result |= both(this.expression(value), holds & ~Value.N);
        if ((holds & Value.N) === 0) return result;
      }
    return result | Value.N;
  }

  /** Of the options of a choice the default is on. */
  private chosen({ members, defaults }: Choice, name: string): ValueSet {
    const first = defaults.find(({ condition }) => this.expression(condition) !== Value.N);
    return (first?.value ?? members[0]) === name ? Value.Y : Value.N;
  }

  /** Of what selects or implies: the greatest. */
  private anyOf(sources: readonly Source[]): ValueSet {
    return sources
      .map(({ option, entry, condition }) =>
        [this.possible(option), this.expression(condition), this.allOf(entry.depends)].reduce(both),
      )
      .reduce(either, Value.N);
  }

  private allOf(depends: Dependency | undefined): ValueSet {
    return depends === undefined
      ? Value.Y
      : both(this.allOf(depends.around), this.expression(depends.condition));
  }

  private expression(text: string): ValueSet {
    if (text === '') return Value.Y;
    let value = this.expressions.get(text);
    if (value === undefined) {
      value = evaluate(text, (option) => this.possible(option));
      this.expressions.set(text, value);
    }
    return value;
  }
}

/** All that an option can be set to. */
export function anyAnswer({ type }: Option): ValueSet {
  return type === 'tristate' ? ANY : BOOL;
}
