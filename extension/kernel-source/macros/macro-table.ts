import type { MacroDefinition } from '../scan/facts.ts';
import type { IncludeGraph } from './include-graph.ts';

export interface DefinedMacro extends MacroDefinition {
  /** Number of the file that defines it. */
  file: number;
}

/** More files than this define a name that means something else in each (`DEBUG`, `OP`). */
const DEFINERS_MAX = 400;

/** The macros of a tree that may make functions, by name: 200,000 of them, each kept as one string. */
export class MacroTable {
  private readonly byName = new Map<string, Stored[]>();

  constructor(private readonly graph: IncludeGraph) {}

  add(file: number, macros: readonly MacroDefinition[]): void {
    for (const macro of macros) {
      const stored = store(file, macro);
      const list = this.byName.get(macro.name);
      if (list === undefined) this.byName.set(macro.name, [stored]);
      else if (list.length < DEFINERS_MAX) list.push(stored);
    }
  }

  /** Every definition of a name, wherever. */
  all(name: string): DefinedMacro[] {
    return (this.byName.get(name) ?? []).map((stored) => restore(name, stored));
  }

  /**
   * The definitions that a use in a file may mean: the file's own, else those of files that it includes or
   * that include it. Several: which one holds depends on what the preprocessor met before.
   * @param files the file of the use, then files whose definitions count as its own
   */
  visible(name: string, files: readonly number[]): readonly DefinedMacro[] {
    const all = this.all(name);
    const own = all.filter(({ file }) => files.includes(file));
    if (own.length > 0) return own;
    const [only] = all;
    if (all.length === 1 && only !== undefined && this.graph.isHeader(only.file)) return all;
    return all.filter(({ file }) => this.graph.isRelated(files[0] ?? -1, file));
  }
}

/** `file`, parameters and body with line ends between; the parameters start with `(` or, variadic, `.`. */
type Stored = string;

function store(file: number, { parameters, variadic, body }: MacroDefinition): Stored {
  const list = parameters === undefined ? '' : `${variadic ? '.' : '('}${parameters.join(',')}`;
  // One flat string: pieces would keep what they were cut from.
  return Buffer.from(`${file}\n${list}\n${body}`, 'latin1').toString('latin1');
}

function restore(name: string, stored: Stored): DefinedMacro {
  const first = stored.indexOf('\n');
  const second = stored.indexOf('\n', first + 1);
  const list = stored.slice(first + 1, second);
  return {
    name,
    file: Number(stored.slice(0, first)),
    parameters:
      list === ''
        ? undefined
        : list
            .slice(1)
            .split(',')
            .filter((parameter) => parameter !== ''),
    variadic: list.startsWith('.'),
    body: stored.slice(second + 1),
  };
}
