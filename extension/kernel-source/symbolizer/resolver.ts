/** One function at an address, as debug information says it. */
export interface RawFrame {
  /** As in the source; undefined for code in assembler. */
  function: string | undefined;
  /** As the compiler was told it: absolute, or relative to a build folder. */
  file: string;
  /** From 1; 0: the compiler gave none. */
  line: number;
}

/** Finds source lines for addresses of one file. */
export interface Resolver {
  /**
   * The lines of an address in the file, innermost first: the function that was inlined last, then its callers.
   * None when nothing is known about the address.
   */
  resolve(address: number, signal?: AbortSignal): Promise<RawFrame[]> | RawFrame[];
}
