/** `ifeq ($(CONFIG_X86_32),y)`, `ifneq ($(CONFIG_PM),)`: options side by side, and what they are compared with. */
const EQUAL = /^(ifn?eq)[ \t]*\([ \t]*((?:\$\(CONFIG_\w+\))+)[ \t]*,[ \t]*([ym]*)[ \t]*\)/;
const DEFINED = /^(ifn?def)[ \t]+CONFIG_(\w+)/;

/** The conditionals around a line of a Makefile, as far as they are about options. */
export class MakefileConditions {
  /** For each conditional the options that have to be on, `!` before one that has to be off. */
  private readonly levels: (readonly string[])[] = [];

  /** Options that have to be on (or, with `!`, off) here. */
  get options(): string[] {
    return this.levels.flat();
  }

  /** Follows a line. @returns whether it is one of conditionals */
  directive(line: string): boolean {
    const text = line.trim();
    if (/^if(?:n?eq|n?def)\b/.test(text)) this.levels.push(tested(text));
    else if (/^else\b/.test(text)) this.otherwise(text.slice('else'.length).trim());
    else if (/^endif\b/.test(text)) this.levels.pop();
    else return false;
    return true;
  }

  private otherwise(test: string): void {
    const [only, ...others] = this.levels.pop() ?? [];
    // Which one of several options is off is not known.
    const opposite = only === undefined || others.length > 0 ? [] : [negated(only)];
    this.levels.push(test === '' ? opposite : [...opposite, ...tested(test)]);
  }
}

function tested(text: string): string[] {
  const [, defined, option = ''] = DEFINED.exec(text) ?? [];
  if (defined !== undefined) return [defined === 'ifdef' ? option : `!${option}`];
  const [, keyword, options = '', value = ''] = EQUAL.exec(text) ?? [];
  if (keyword === undefined) return [];
  const names = [...options.matchAll(/CONFIG_(\w+)/g)].map(([, name = '']) => name);
  if ((keyword === 'ifeq') === (value !== '')) return names.length === 1 || value !== '' ? names : [];
  const [only = '', ...others] = names;
  return others.length === 0 ? [negated(only)] : [];
}

function negated(option: string): string {
  return option.startsWith('!') ? option.slice(1) : `!${option}`;
}
