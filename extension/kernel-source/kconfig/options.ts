/** Conditions that all have to hold. What is within the same menu, file or `if` shares those around it. */
export interface Dependency {
  condition: string;
  around: Dependency | undefined;
}

/** One `config` entry; an option may have several, each with its own conditions. */
export interface Entry {
  /** The innermost; undefined: none. */
  depends: Dependency | undefined;
  /** When the user is asked; undefined: never. */
  prompt: string | undefined;
  /** The first whose condition holds counts. */
  defaults: readonly Conditional[];
}

export interface Conditional {
  value: string;
  /** Empty: always. */
  condition: string;
}

export interface Choice {
  members: string[];
  defaults: Conditional[];
}

/** An option that turns on another, if the condition holds. */
export interface Source {
  option: string;
  /** Its own, which has its conditions. */
  entry: Entry;
  condition: string;
}

export interface Option {
  type: 'bool' | 'tristate' | 'other' | undefined;
  entries: readonly Entry[];
  /** Options that turn it on. */
  selectedBy: readonly Source[];
  impliedBy: readonly Source[];
  /** The choice that it is one of. */
  choice: Choice | undefined;
}

type MutableEntry = { -readonly [Key in keyof Entry]: Entry[Key] };

/**
 * Most of 16,000 options have no more: one list for all. Longer ones are made with `concat`: a literal with `...`
 * keeps room for 16 more.
 */
const NONE: readonly never[] = [];

const TYPES: Readonly<Record<string, Option['type']>> = {
  bool: 'bool',
  def_bool: 'bool',
  tristate: 'tristate',
  def_tristate: 'tristate',
  int: 'other',
  hex: 'other',
  string: 'other',
};

/** Those of folders that are not indexed: what they define says nothing of the kernel's own options. */
const LEFT_OUT = /^(?:Documentation|samples|scripts|tools|debian|LICENSES)\//;

/** What may be read, many times what a kernel has: files may name each other so that they are read for ever. */
const TEXT_MAX = 40_000_000;
const DEPTH_MAX = 100;

export interface KnownOptions {
  options: ReadonlyMap<string, Option>;
  /** Every file that is sourced was there: an option that none defines does not exist. */
  isComplete: boolean;
}

/**
 * The options that exist for one architecture.
 * @param files texts of `compactKconfig` by path
 * @param architecture the folder of arch/
 * @param arch what make calls it (`ARCH=`)
 */
export function readOptions(
  files: ReadonlyMap<string, string>,
  architecture: string,
  arch: string,
): KnownOptions {
  return new TreeReader(files, { SRCARCH: architecture, ARCH: arch }).read();
}

class TreeReader {
  private readonly options = new Map<string, Option>();
  private readonly texts = new Map<string, string>();
  private readonly reading = new Set<string>();
  private textLength = 0;
  private isComplete = true;

  constructor(
    private readonly files: ReadonlyMap<string, string>,
    private readonly variables: Readonly<Record<string, string>>,
  ) {}

  read(): KnownOptions {
    this.readFile('Kconfig', undefined);
    const { options, isComplete } = this;
    return { options, isComplete };
  }

  private option(name: string): Option {
    let option = this.options.get(name);
    if (option === undefined) {
      option = { type: undefined, entries: NONE, selectedBy: NONE, impliedBy: NONE, choice: undefined };
      this.options.set(name, option);
    }
    return option;
  }

  /** @param around the conditions of what sources it */
  private readFile(path: string, around: Dependency | undefined): void {
    const text = this.files.get(path);
    if (this.reading.has(path) || LEFT_OUT.test(path)) return;
    this.textLength += text?.length ?? 0;
    if (text === undefined || this.textLength > TEXT_MAX || this.reading.size >= DEPTH_MAX) {
      this.isComplete = false;
      return;
    }
    this.reading.add(path);
    new StatementReader(
      (name) => this.option(name),
      (other, depends, isOptional) => {
        if (!isOptional || this.files.has(other)) this.readFile(other, depends);
      },
      (part) => this.kept(part),
      around,
    ).read(text.replace(/\$\(?(\w+)\)?/g, (all, name: string) => this.variables[name] ?? all));
    this.reading.delete(path);
  }

  /** A copy of its own, or the one that is there: a piece of a file would keep the whole file. */
  private kept(part: string): string {
    let text = this.texts.get(part);
    if (text === undefined) {
      text = Buffer.from(part, 'latin1').toString('latin1');
      this.texts.set(text, text);
    }
    return text;
  }
}

class StatementReader {
  /** What each of the `if`s, menus and choices around a line depends on, outermost first. */
  private readonly blocks: (Dependency | undefined)[];
  /** Whether the innermost has just begun: a `depends on` is its own. */
  private inHeader = false;
  private name = '';
  private entry: MutableEntry | undefined;
  private choice: Choice | undefined;

  constructor(
    private readonly option: (name: string) => Option,
    private readonly source: (path: string, around: Dependency | undefined, isOptional: boolean) => void,
    private readonly kept: (part: string) => string,
    around: Dependency | undefined,
  ) {
    this.blocks = [around];
  }

  read(text: string): void {
    for (const line of text.split('\n')) {
      const space = line.indexOf(' ');
      const keyword = space < 0 ? line : line.slice(0, space);
      const rest = space < 0 ? '' : line.slice(space + 1);
      if (this.block(keyword, rest)) continue;
      const [value, condition] = split(rest);
      this.property(keyword, this.kept(value), this.kept(condition));
    }
  }

  /** @returns whether the statement is one that begins or ends something */
  private block(keyword: string, value: string): boolean {
    switch (keyword) {
      case 'config':
      case 'menuconfig':
        this.begin(this.kept(value));
        return true;
      case 'if':
        this.open();
        this.limit(this.kept(value));
        return true;
      case 'menu':
        this.open();
        return true;
      case 'choice':
        this.open();
        this.choice = { members: [], defaults: [] };
        return true;
      case 'endchoice':
        this.choice = undefined;
        this.close();
        return true;
      case 'endif':
      case 'endmenu':
        this.close();
        return true;
      case 'comment':
        this.entry = undefined;
        this.inHeader = false;
        return true;
      case 'source':
      case 'osource':
        this.source(value.replaceAll('"', ''), this.blocks.at(-1), keyword === 'osource');
        return true;
      default:
        return false;
    }
  }

  private open(): void {
    this.entry = undefined;
    this.inHeader = true;
    this.blocks.push(this.blocks.at(-1));
  }

  private close(): void {
    this.entry = undefined;
    this.inHeader = false;
    if (this.blocks.length > 1) this.blocks.pop();
  }

  /** Adds a condition to the innermost block. */
  private limit(condition: string): void {
    const around = this.blocks.pop();
    this.blocks.push({ condition, around });
  }

  private begin(name: string): void {
    this.entry = { depends: this.blocks.at(-1), prompt: undefined, defaults: NONE };
    this.name = name;
    const option = this.option(name);
    option.entries = option.entries.concat(this.entry);
    if (this.choice === undefined) return;
    this.choice.members.push(name);
    option.choice = this.choice;
  }

  private property(keyword: string, value: string, condition: string): void {
    const { entry, choice } = this;
    if (keyword === 'depends') {
      const needed = condition === '' ? value : this.kept(`!(${condition}) || (${value})`);
      if (entry !== undefined) entry.depends = { condition: needed, around: entry.depends };
      else if (this.inHeader) this.limit(needed);
      return;
    }
    if (entry === undefined) {
      if (keyword === 'default') choice?.defaults.push({ value, condition });
      return;
    }
    const option = this.option(this.name);
    const type = TYPES[keyword];
    if (type !== undefined) option.type = type;
    if (keyword === 'default' || keyword.startsWith('def_'))
      entry.defaults = entry.defaults.concat({ value, condition });
    else if (keyword === 'prompt' || (type !== undefined && value !== '')) entry.prompt = condition;
    else if (keyword === 'select' || keyword === 'imply') {
      const other = this.option(value);
      const source = { option: this.name, entry, condition };
      if (keyword === 'select') other.selectedBy = other.selectedBy.concat(source);
      else other.impliedBy = other.impliedBy.concat(source);
    }
  }
}

/** `FOO if BAR`: the value and its condition. */
function split(text: string): [value: string, condition: string] {
  const at = text.indexOf(' if ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + ' if '.length)];
}
