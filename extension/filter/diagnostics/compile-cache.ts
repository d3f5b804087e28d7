/** Compilations that a diagnosis makes: kept, and limited in number. */
import {
  compileWith,
  parseWith,
  type CompileResult,
  type FilterLibrary,
  type LinkType,
} from '../libpcap/compile.ts';
import type { Syntax } from '../libpcap/syntax.ts';

const LIMIT = 150;

export class CompileCache {
  private readonly results = new Map<string, CompileResult>();

  constructor(readonly library: FilterLibrary) {}

  /** Undefined when too many others were made before. */
  compile(text: string, link: LinkType): CompileResult | undefined {
    const key = `${link} ${text}`;
    const known = this.results.get(key);
    if (known !== undefined || this.results.size >= LIMIT) return known;
    const result = compileWith(this.library, text, link, { optimize: true });
    this.results.set(key, result);
    return result;
  }

  /** At least one kind of packet can match. */
  accepts(text: string): boolean {
    return (['EN10MB', 'RAW'] as const).some((link) => this.compile(text, link)?.ok === true);
  }

  parse(text: string, link: LinkType): Syntax | undefined {
    return parseWith(this.library, text, link);
  }
}
