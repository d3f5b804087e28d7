/** Instances of dist/libpcap.wasm: in each one filter is compiled for one link type. */
import { lookUp, type NameTables } from './names.ts';

/** dist/libpcap.wasm, compiled, and dist/netbase.json. */
export interface FilterLibrary {
  module: WebAssembly.Module;
  names: NameTables;
}

/** What build/libpcap/compile.c and trace.c export. */
export interface LibpcapInstance {
  memory: WebAssembly.Memory;
  __stack_pointer: WebAssembly.Global;
  _initialize(): void;
  malloc(bytes: number): number;
  compile(linkType: number, text: number, optimize: number, vlanOutside: number): number;
  instruction_count(): number;
  instructions(): number;
  error(): number;
  version(): number;
  trace(): void;
  step_count(): number;
  steps(): number;
  reducing(): number;
  scanned_start(): number;
  scanned_end(): number;
}

/** Thrown through libpcap's frames in place of its longjmp; the instance cannot go on. */
export class GaveUp extends Error {}

/** An instance, and what makes it new again: making another costs ten times as much. */
interface Reusable {
  wasm: LibpcapInstance;
  /** The memory above the stack, as it was at the beginning. */
  image: Uint8Array;
  stackPointer: number;
  /** Where the names go that are looked up. */
  unresolved: Set<string>;
}

const reusable = new WeakMap<FilterLibrary, Reusable>();

/**
 * An instance that has compiled nothing; the one got before is of no use from then on.
 * @param unresolved takes the names of hosts and networks that are looked up
 */
export function freshInstance(library: FilterLibrary, unresolved: Set<string>): LibpcapInstance {
  const used = reusable.get(library);
  const grown = used?.wasm.memory.buffer.byteLength !== (used?.stackPointer ?? 0) + (used?.image.length ?? 0);
  if (used !== undefined && !grown) {
    new Uint8Array(used.wasm.memory.buffer).set(used.image, used.stackPointer);
    used.wasm.__stack_pointer.value = used.stackPointer;
    used.unresolved = unresolved;
    return used.wasm;
  }
  const made = instantiate(library, unresolved);
  reusable.set(library, made);
  return made.wasm;
}

function instantiate(library: FilterLibrary, unresolved: Set<string>): Reusable {
  const instance: WebAssembly.Instance = new WebAssembly.Instance(library.module, {
    env: {
      give_up: () => {
        throw new GaveUp();
      },
      lookup: (kind: number, name: number) =>
        lookUp(library.names, kind, readString(wasm, name), made.unresolved),
    },
  });
  const wasm = instance.exports as unknown as LibpcapInstance;
  wasm._initialize();
  const stackPointer = wasm.__stack_pointer.value;
  const image = new Uint8Array(wasm.memory.buffer.slice(stackPointer));
  const made = { wasm, image, stackPointer, unresolved };
  return made;
}

/** @returns its address. @throws RangeError when there is no memory for it */
export function writeString(wasm: LibpcapInstance, text: string): number {
  const bytes = Buffer.from(text);
  const address = wasm.malloc(bytes.length + 1);
  if (address === 0) throw new RangeError('no memory for its text');
  const memory = new Uint8Array(wasm.memory.buffer);
  memory.set(bytes, address);
  memory[address + bytes.length] = 0;
  return address;
}

export function readString(wasm: LibpcapInstance, address: number): string {
  const memory = Buffer.from(wasm.memory.buffer);
  return memory.toString('utf8', address, memory.indexOf(0, address));
}
