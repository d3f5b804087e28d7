/** One `config` entry; an option may have several, each with its own conditions. */
export interface Entry {
  /** All have to hold: those of the menus, files and `if`s around it too. */
  depends: readonly string[];
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

/** Most of 16,000 options have no more: one list for all. */
const NONE: readonly never[] = [];

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
): Map<string, Option> {
  return new Reader(files, { SRCARCH: architecture, ARCH: arch }).read();
}

class Reader {
  private readonly options = new Map<string, Option>();
  private readonly texts = new Map<string, string>();
  private readonly reading = new Set<string>();

  constructor(
    private readonly files: ReadonlyMap<string, string>,
    private readonly variables: Readonly<Record<string, string>>,
  ) {}

  read(): Map<string, Option> {
    this.readFile('Kconfig', []);
    return this.options;
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
  private readFile(path: string, around: readonly string[]): void {
    const text = this.files.get(path);
    if (text === undefined || this.reading.has(path)) return;
    this.reading.add(path);
    new FileReader(
      (name) => this.option(name),
      (other, conditions) => this.readFile(other, conditions),
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

class FileReader {
  /** Conditions of the `if`s, menus and choices around a line, outermost first. */
  private readonly blocks: string[][];
  /** All of them; undefined: to be put together anew. */
  private around: readonly string[] | undefined;
  /** Where `depends on` goes that is not an option's. */
  private depends: string[] = [];
  private name = '';
  private entry: MutableEntry | undefined;
  private choice: Choice | undefined;

  constructor(
    private readonly option: (name: string) => Option,
    private readonly source: (path: string, around: readonly string[]) => void,
    private readonly kept: (part: string) => string,
    around: readonly string[],
  ) {
    this.blocks = [[...around]];
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
        this.open([this.kept(value)]);
        return true;
      case 'menu':
        this.open([]);
        return true;
      case 'choice':
        this.open([]);
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
        this.depends = []; // of no option
        return true;
      case 'source':
      case 'osource':
        this.source(value.replaceAll('"', ''), this.blocks.flat());
        return true;
      default:
        return false;
    }
  }

  private open(conditions: string[]): void {
    this.entry = undefined;
    this.depends = conditions;
    this.blocks.push(conditions);
    this.around = undefined;
  }

  private close(): void {
    this.entry = undefined;
    this.depends = [];
    if (this.blocks.length > 1) this.blocks.pop();
    this.around = undefined;
  }

  private begin(name: string): void {
    this.around ??= this.blocks.flat();
    this.entry = { depends: this.around, prompt: undefined, defaults: NONE };
    this.name = name;
    const option = this.option(name);
    option.entries = [...option.entries, this.entry];
    if (this.choice === undefined) return;
    this.choice.members.push(name);
    option.choice = this.choice;
  }

  private property(keyword: string, value: string, condition: string): void {
    const { entry, choice } = this;
    if (keyword === 'depends') {
      const needed = condition === '' ? value : this.kept(`!(${condition}) || (${value})`);
      if (entry === undefined) this.depends.push(needed);
      else entry.depends = [...entry.depends, needed];
      return;
    }
    if (entry === undefined) {
      if (keyword === 'default') choice?.defaults.push({ value, condition });
      return;
    }
    const option = this.option(this.name);
    const type = /^(?:def_)?(bool|tristate)$|^(int|hex|string)$/.exec(keyword);
    if (type !== null) option.type = (type[1] as 'bool' | 'tristate' | undefined) ?? 'other';
    if (keyword === 'default' || keyword.startsWith('def_'))
      entry.defaults = [...entry.defaults, { value, condition }];
    else if (keyword === 'prompt' || (type !== null && value !== '')) entry.prompt = condition;
    else if (keyword === 'select' || keyword === 'imply') {
      const other = this.option(value);
      const source = { option: this.name, entry, condition };
      if (keyword === 'select') other.selectedBy = [...other.selectedBy, source];
      else other.impliedBy = [...other.impliedBy, source];
    }
  }
}

/** `FOO if BAR`: the value and its condition. */
function split(text: string): [value: string, condition: string] {
  const at = text.indexOf(' if ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + ' if '.length)];
}
