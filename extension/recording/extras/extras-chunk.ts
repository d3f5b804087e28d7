import { extrasWords } from './sections.ts';

/** Room for the first few events; doubled as need be. */
const FIRST_WORDS = 1024;

/** What the events of one chunk told on request, as it came: words for each that told something. */
export class ExtrasChunk {
  /** By row where in `words` it begins; 0: nowhere. */
  readonly #starts: Uint32Array;
  #words = new Uint32Array(FIRST_WORDS);
  #used = 1;

  constructor(rows: number) {
    this.#starts = new Uint32Array(rows);
  }

  get words(): Uint32Array {
    return this.#words;
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#words.byteLength;
  }

  /** @returns by how many bytes it grew */
  add(row: number, words: Uint32Array, at: number): number {
    const length = extrasWords(words, at);
    const before = this.bytes;
    const needed = this.#used + length;
    if (needed > this.#words.length) {
      const larger = new Uint32Array(Math.max(needed, this.#words.length * 2));
      larger.set(this.#words.subarray(0, this.#used));
      this.#words = larger;
    }
    this.#words.set(words.subarray(at, at + length), this.#used);
    this.#starts[row] = this.#used;
    this.#used = needed;
    return this.bytes - before;
  }

  /** Where in `words` a row's extras begin; undefined: it has none. */
  start(row: number): number | undefined {
    const start = this.#starts[row];
    return start === 0 ? undefined : start;
  }
}
