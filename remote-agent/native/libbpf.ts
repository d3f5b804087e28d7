/** The part of libbpf (1.4) that the agent uses, bound through koffi. Failures throw LibbpfError. */
import { errnoMessage, lastErrno } from './libc.ts';
import { koffi, nativeFile, type Pointer } from './native.ts';

export type BpfObject = Pointer & { readonly brand: 'object' };
export type BpfMap = Pointer & { readonly brand: 'map' };
export type BpfProgram = Pointer & { readonly brand: 'program' };
export type BpfLink = Pointer & { readonly brand: 'link' };

/** enum bpf_attach_type: what a kprobe program must be loaded for to be attached through kprobe.multi. */
export const BPF_TRACE_KPROBE_MULTI = 42;

/** sizeof(struct bpf_kprobe_multi_opts) */
const KPROBE_MULTI_OPTS_BYTES = 48;
/** sizeof(struct bpf_object_open_opts) to the end of btf_custom_path */
const OPEN_OPTS_BYTES = 56;
/** sizeof(struct bpf_test_run_opts) */
const TEST_RUN_OPTS_BYTES = 80;
/** Most of what libbpf says on a failed load is the verifier's log; its end tells why. */
const LOG_KEEP = 32 * 1024;
const LOG_LINE_BYTES = 128 * 1024;
const LIBBPF_WARN = 0;

/** `errno` is positive. */
export class LibbpfError extends Error {
  override readonly name = 'LibbpfError';

  constructor(
    what: string,
    readonly errno: number,
    /** The error number in words. */
    readonly reason = errnoMessage(errno),
  ) {
    super(`${what}: ${reason}`);
  }
}

type Nullable<T> = T | null;

interface Api {
  bpf_object__open_file(path: string, options: Nullable<Uint8Array>): Nullable<BpfObject>;
  bpf_object__load(object: BpfObject): number;
  bpf_object__close(object: BpfObject): void;
  bpf_object__find_map_by_name(object: BpfObject, name: string): Nullable<BpfMap>;
  bpf_object__find_program_by_name(object: BpfObject, name: string): Nullable<BpfProgram>;
  bpf_map__set_max_entries(map: BpfMap, entries: number): number;
  bpf_map__max_entries(map: BpfMap): number;
  bpf_map__initial_value(map: BpfMap, size: BigUint64Array): Nullable<Pointer>;
  bpf_map__fd(map: BpfMap): number;
  bpf_map__reuse_fd(map: BpfMap, fd: number): number;
  bpf_map_update_elem(fd: number, key: Uint32Array, value: Uint32Array, flags: number): number;
  bpf_map_get_next_key(fd: number, key: Nullable<Uint8Array>, next: Uint8Array): number;
  bpf_map_delete_elem(fd: number, key: Uint8Array): number;
  bpf_program__fd(program: BpfProgram): number;
  bpf_program__set_autoload(program: BpfProgram, load: boolean): number;
  bpf_program__set_expected_attach_type(program: BpfProgram, type: number): number;
  bpf_program__attach_kprobe_multi_opts(
    program: BpfProgram,
    pattern: null,
    options: Uint8Array,
  ): Nullable<BpfLink>;
  bpf_program__attach_raw_tracepoint(program: BpfProgram, name: string): Nullable<BpfLink>;
  bpf_program__attach_perf_event(program: BpfProgram, fd: number): Nullable<BpfLink>;
  bpf_link__destroy(link: BpfLink): number;
  bpf_prog_test_run_opts(programFd: number, options: Uint8Array): number;
  bpf_linker__new(path: string, options: null): Nullable<Pointer>;
  bpf_linker__add_file(linker: Pointer, path: string, options: null): number;
  bpf_linker__finalize(linker: Pointer): number;
  bpf_linker__free(linker: Pointer): void;
}

let bound: Api | undefined;
let log = '';

function api(): Api {
  bound ??= bind();
  return bound;
}

let loaded: ReturnType<ReturnType<typeof koffi>['load']> | undefined;

/** The library itself. */
export function libbpf(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    const k = koffi();
    // In the order of need: each finds those before it already loaded, by name.
    k.load(nativeFile('libz.so.1'));
    k.load(nativeFile('libelf.so.1'));
    loaded = k.load(nativeFile('libbpf.so.1'));
    keepLog(loaded);
  }
  return loaded;
}

function bind(): Api {
  const library = libbpf();
  return {
    bpf_object__open_file: library.func('void *bpf_object__open_file(str, void *)'),
    bpf_object__load: library.func('int bpf_object__load(void *)'),
    bpf_object__close: library.func('void bpf_object__close(void *)'),
    bpf_object__find_map_by_name: library.func('void *bpf_object__find_map_by_name(void *, str)'),
    bpf_object__find_program_by_name: library.func('void *bpf_object__find_program_by_name(void *, str)'),
    bpf_map__set_max_entries: library.func('int bpf_map__set_max_entries(void *, uint32_t)'),
    bpf_map__max_entries: library.func('uint32_t bpf_map__max_entries(void *)'),
    bpf_map__initial_value: library.func('void *bpf_map__initial_value(void *, _Out_ uint64_t *)'),
    bpf_map__fd: library.func('int bpf_map__fd(void *)'),
    bpf_map__reuse_fd: library.func('int bpf_map__reuse_fd(void *, int)'),
    bpf_map_update_elem: library.func('int bpf_map_update_elem(int, void *, void *, uint64_t)'),
    bpf_map_get_next_key: library.func('int bpf_map_get_next_key(int, void *, void *)'),
    bpf_map_delete_elem: library.func('int bpf_map_delete_elem(int, void *)'),
    bpf_program__fd: library.func('int bpf_program__fd(void *)'),
    bpf_program__set_autoload: library.func('int bpf_program__set_autoload(void *, bool)'),
    bpf_program__set_expected_attach_type: library.func(
      'int bpf_program__set_expected_attach_type(void *, int)',
    ),
    bpf_program__attach_kprobe_multi_opts: library.func(
      'void *bpf_program__attach_kprobe_multi_opts(void *, void *, void *)',
    ),
    bpf_program__attach_raw_tracepoint: library.func('void *bpf_program__attach_raw_tracepoint(void *, str)'),
    bpf_program__attach_perf_event: library.func('void *bpf_program__attach_perf_event(void *, int)'),
    bpf_link__destroy: library.func('int bpf_link__destroy(void *)'),
    bpf_prog_test_run_opts: library.func('int bpf_prog_test_run_opts(int, void *)'),
    bpf_linker__new: library.func('void *bpf_linker__new(str, void *)'),
    bpf_linker__add_file: library.func('int bpf_linker__add_file(void *, str, void *)'),
    bpf_linker__finalize: library.func('int bpf_linker__finalize(void *)'),
    bpf_linker__free: library.func('void bpf_linker__free(void *)'),
  };
}

/** Keeps libbpf's warnings instead of letting it write them to standard error. */
function keepLog(library: NonNullable<typeof loaded>): void {
  const k = koffi();
  const vsnprintf = k.load('libc.so.6').func('int vsnprintf(_Out_ uint8_t *, size_t, void *, void *)');
  // A va_list parameter is a pointer on x86-64 and, being a struct of 32 bytes, on arm64 too.
  const type = k.proto('int libbpf_print_fn(int level, void *format, void *arguments)');
  const line = Buffer.alloc(LOG_LINE_BYTES);
  const print = k.register((level: number, format: Pointer, parameters: Pointer): number => {
    if (level !== LIBBPF_WARN) return 0;
    const length = vsnprintf(line, line.length, format, parameters) as number;
    log = (log + line.toString('utf8', 0, Math.min(length, line.length - 1))).slice(-LOG_KEEP);
    return 0;
  }, k.pointer(type));
  library.func('void *libbpf_set_print(libbpf_print_fn *)')(print);
}

/** What libbpf warned about since the last call: on a failed load the end of the verifier's log. */
export function takeLibbpfLog(): string {
  const text = log;
  log = '';
  return text;
}

function notNull<T>(value: Nullable<T>, what: string): T {
  if (value === null) throw new LibbpfError(what, lastErrno());
  return value;
}

/** For calls that return 0 or a negative error number. */
function zero(result: number, what: string): void {
  if (result < 0) throw new LibbpfError(what, -result);
}

/** Links object files (paths) into one, which replaces the contents of `output`. */
export function linkObjects(output: string, inputs: readonly string[]): void {
  const linker = notNull(api().bpf_linker__new(output, null), 'start linking');
  try {
    for (const input of inputs) zero(api().bpf_linker__add_file(linker, input, null), 'link the filter');
    zero(api().bpf_linker__finalize(linker), 'link the filter');
  } finally {
    api().bpf_linker__free(linker);
  }
}

/** What objects are relocated by; see useBtfForObjects. Kept as C has it: libbpf reads it until the object is loaded. */
let btfPath: Buffer | undefined;

/** From now on objects are relocated by the types in a file. @param path undefined: by the kernel's own */
export function useBtfForObjects(path: string | undefined): void {
  btfPath = path === undefined ? undefined : Buffer.from(`${path}\0`);
}

export function openObject(path: string): BpfObject {
  let options: Uint8Array | null = null;
  if (btfPath !== undefined) {
    options = new Uint8Array(OPEN_OPTS_BYTES);
    const view = new DataView(options.buffer);
    view.setBigUint64(0, BigInt(OPEN_OPTS_BYTES), true); // sz
    view.setBigUint64(48, koffi().address(btfPath), true); // btf_custom_path
  }
  return notNull(api().bpf_object__open_file(path, options), 'open the BPF object');
}

/** Verifies and loads what is set to be loaded into the kernel. */
export function loadObject(object: BpfObject): void {
  zero(api().bpf_object__load(object), 'load the BPF programs');
}

export function closeObject(object: BpfObject): void {
  api().bpf_object__close(object);
}

export function findMap(object: BpfObject, name: string): BpfMap {
  return notNull(api().bpf_object__find_map_by_name(object, name), `find map ${name}`);
}

/** As findMap; undefined: the object has none of this name. */
export function mapIfAny(object: BpfObject, name: string): BpfMap | undefined {
  return api().bpf_object__find_map_by_name(object, name) ?? undefined;
}

export function setMaxEntries(map: BpfMap, entries: number): void {
  zero(api().bpf_map__set_max_entries(map, entries), 'set the size of a map');
}

/** What setMaxEntries made of it: a ring buffer's size is rounded up to pages and a power of two. */
export function maxEntries(map: BpfMap): number {
  return api().bpf_map__max_entries(map);
}

/** The descriptor of a map of a loaded object; it belongs to the object. */
export function mapFd(map: BpfMap): number {
  return api().bpf_map__fd(map);
}

/** Makes an object that is not loaded yet use a map that exists already, instead of one of its own. */
export function reuseMap(map: BpfMap, fd: number): void {
  zero(api().bpf_map__reuse_fd(map, fd), 'share a map');
}

/** Sets an entry of a table of programs (BPF_MAP_TYPE_PROG_ARRAY), which then keeps the program loaded. */
export function setTableProgram(tableFd: number, index: number, program: BpfProgram): void {
  const value = Uint32Array.of(programFd(program));
  zero(api().bpf_map_update_elem(tableFd, Uint32Array.of(index), value, 0), 'put a program into its table');
}

/** Takes every entry out of a hash map that nobody else changes. */
export function emptyMap(fd: number, keyBytes: number): void {
  let key = new Uint8Array(keyBytes);
  let next = new Uint8Array(keyBytes);
  let left = api().bpf_map_get_next_key(fd, null, next) === 0;
  while (left) {
    [key, next] = [next, key];
    // Asked for while its key is there: without, the kernel begins at the first bucket again.
    left = api().bpf_map_get_next_key(fd, key, next) === 0;
    zero(api().bpf_map_delete_elem(fd, key), 'empty a map');
  }
}

/** The bytes that a data section's map will be loaded with; to be changed before the load. */
export function initialValue(map: BpfMap): Uint8Array {
  const size = new BigUint64Array(1);
  const at = notNull(api().bpf_map__initial_value(map, size), 'find the data of a map');
  return new Uint8Array(koffi().view(at, Number(size[0])));
}

export function findProgram(object: BpfObject, name: string): BpfProgram {
  return notNull(api().bpf_object__find_program_by_name(object, name), `find program ${name}`);
}

/** The descriptor of a loaded program; it belongs to the object. */
export function programFd(program: BpfProgram): number {
  return api().bpf_program__fd(program);
}

/** Runs a loaded program once, without context (BPF_PROG_TEST_RUN). */
export function runProgram(program: BpfProgram): void {
  const options = new Uint8Array(TEST_RUN_OPTS_BYTES);
  new DataView(options.buffer).setBigUint64(0, BigInt(options.length), true); // sz
  zero(api().bpf_prog_test_run_opts(programFd(program), options), 'run a BPF program');
}

export function setAutoload(program: BpfProgram, load: boolean): void {
  zero(api().bpf_program__set_autoload(program, load), 'choose the programs to load');
}

export function setExpectedAttachType(program: BpfProgram, type: number): void {
  zero(api().bpf_program__set_expected_attach_type(program, type), 'set the attach type');
}

/** One link for many functions, by the addresses of their entries: all or none. */
export function attachKprobeMulti(program: BpfProgram, addresses: BigUint64Array): BpfLink {
  const options = new Uint8Array(KPROBE_MULTI_OPTS_BYTES);
  const view = new DataView(options.buffer);
  view.setBigUint64(0, BigInt(KPROBE_MULTI_OPTS_BYTES), true); // sz
  view.setBigUint64(16, koffi().address(addresses), true); // addrs
  view.setBigUint64(32, BigInt(addresses.length), true); // cnt
  const link = api().bpf_program__attach_kprobe_multi_opts(program, null, options);
  return notNull(link, `attach to ${addresses.length} functions`);
}

export function attachRawTracepoint(program: BpfProgram, name: string): BpfLink {
  return notNull(api().bpf_program__attach_raw_tracepoint(program, name), `attach to tracepoint ${name}`);
}

/** Attaches to a perf event and enables it; the link owns the descriptor from then on. */
export function attachPerfEvent(program: BpfProgram, fd: number): BpfLink {
  return notNull(api().bpf_program__attach_perf_event(program, fd), 'attach to a perf event');
}

/** Detaches. */
export function destroyLink(link: BpfLink): void {
  zero(api().bpf_link__destroy(link), 'detach');
}
