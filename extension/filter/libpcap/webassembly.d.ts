/**
 * The part of the WebAssembly JavaScript interface that filters use. TypeScript declares it only together
 * with a browser's DOM, and @types/node only as an empty namespace.
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { module: string; name: string }[];
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, (...values: number[]) => unknown>>);
    readonly exports: Record<string, unknown>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Global {
    value: number;
  }
  class RuntimeError extends Error {}
}
