interface Level {
  /** Conditions of this `#if` and its `#elif`s so far, as written. */
  tests: string[];
  /** What holds in the current branch. */
  own: string;
}

/** The `#if` nesting around a place in a file. */
export class ConditionStack {
  private readonly levels: Level[] = [];
  private joined: string | undefined = '';

  /** The conditions that hold here, joined with `&&`; empty outside of all. */
  get text(): string {
    return (this.joined ??= this.levels
      .map(({ own }) => own)
      .filter((own) => own !== '')
      .join(' && '));
  }

  /**
   * Follows one directive.
   * @param argument the text after the keyword
   * @returns whether the keyword is one of conditions
   */
  directive(keyword: string, argument: string): boolean {
    switch (keyword) {
      case 'if':
        this.open(`(${argument})`);
        break;
      case 'ifdef':
        this.open(`defined(${argument})`);
        break;
      case 'ifndef':
        this.open(`!defined(${argument})`);
        break;
      case 'elif':
        this.branch(`(${argument})`);
        break;
      case 'else':
        this.branch();
        break;
      case 'endif':
        this.levels.pop();
        break;
      default:
        return false;
    }
    this.joined = undefined;
    return true;
  }

  /** Forgets what the innermost condition is: a header's guard says nothing. */
  clearTop(): void {
    const top = this.levels.at(-1);
    if (top === undefined) return;
    top.own = '';
    this.joined = undefined;
  }

  private open(test: string): void {
    this.levels.push({ tests: [test], own: test });
  }

  private branch(test?: string): void {
    const top = this.levels.at(-1);
    if (top === undefined) return; // its #if stands in a body that was skipped
    const negated = top.tests.map((earlier) => `!${earlier.startsWith('!') ? `(${earlier})` : earlier}`);
    top.own = [...negated, ...(test === undefined ? [] : [test])].join(' && ');
    if (test !== undefined) top.tests.push(test);
  }
}
