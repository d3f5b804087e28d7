/** The few C library calls that Node has no function for. Failures throw an Error with the errno's text. */
import { writeFileSync } from 'node:fs';
import { koffi, type Pointer } from './native.ts';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MFD_CLOEXEC = 1;
const PERF_TYPE_TRACEPOINT = 2;
const PERF_ATTR_SIZE_VER5 = 112;
const PERF_FLAG_FD_CLOEXEC = 8;
/** CLONE_NEWNET of setns(2). */
const NETWORK_NAMESPACE = 0x4000_0000;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
/** __NR_perf_event_open; the C library has no wrapper for it. */
const PERF_EVENT_OPEN = { x64: 298, arm64: 241 } as const;
/** __NR_bpf; the same. */
const BPF = { x64: 321, arm64: 280 } as const;

interface Libc {
  close(fd: number): number;
  memfd_create(name: string, flags: number): number;
  mmap(
    at: null,
    bytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Pointer | null;
  munmap(at: Pointer, bytes: number): number;
  clock_gettime(clock: number, timespec: BigInt64Array): number;
  strerror(errno: number): string;
  getpagesize(): number;
  setns(fd: number, kind: number): number;
  if_nametoindex(name: string): number;
  malloc_trim(pad: number): number;
  syscall(
    number: number,
    attributes: Uint8Array,
    pid: number,
    cpu: number,
    groupFd: number,
    flags: number,
  ): number;
  bpf(number: number, command: number, attributes: Uint8Array, bytes: number): number;
}

let bound: Libc | undefined;

function libc(): Libc {
  if (bound === undefined) {
    const library = koffi().load('libc.so.6');
    bound = {
      close: library.func('int close(int)'),
      memfd_create: library.func('int memfd_create(str, uint)'),
      mmap: library.func('void *mmap(void *, size_t, int, int, int, long)'),
      munmap: library.func('int munmap(void *, size_t)'),
      clock_gettime: library.func('int clock_gettime(int, _Out_ int64_t *)'),
      strerror: library.func('str strerror(int)'),
      getpagesize: library.func('int getpagesize()'),
      setns: library.func('int setns(int, int)'),
      if_nametoindex: library.func('uint if_nametoindex(str)'),
      malloc_trim: library.func('int malloc_trim(size_t)'),
      syscall: library.func('long syscall(long, void *, int, int, int, ulong)'),
      bpf: library.func('long syscall(long, int, void *, uint)'),
    };
  }
  return bound;
}

/** The C library's words for an error number. */
export function errnoMessage(errno: number): string {
  return libc().strerror(errno);
}

/** The error number of the last call through koffi. */
export function lastErrno(): number {
  return koffi().errno();
}

/** In bytes. */
export function pageSize(): number {
  return libc().getpagesize();
}

/** bpf(2), for what libbpf does not know yet. @returns a descriptor or 0; a negative error number */
export function bpf(command: number, attributes: Uint8Array): number {
  const result = libc().bpf(BPF[process.arch as keyof typeof BPF], command, attributes, attributes.length);
  return result < 0 ? -lastErrno() : result;
}

/** Gives the free memory of the C library's heap back to the kernel: malloc_trim(3). */
export function trimHeap(): void {
  libc().malloc_trim(0);
}

function fail(what: string): never {
  throw new Error(`${what}: ${errnoMessage(lastErrno())}`);
}

/** close(2). */
export function close(fd: number): void {
  if (libc().close(fd) !== 0) fail('close');
}

/** setns(2) of this thread, to the network namespace that a file stands for. */
export function enterNetns(fd: number): void {
  if (libc().setns(fd, NETWORK_NAMESPACE) !== 0) fail('setns');
}

/** if_nametoindex(3) in the network namespace of this thread; 0: there is no such device. */
export function interfaceIndex(name: string): number {
  return libc().if_nametoindex(name);
}

/** An anonymous file that holds `data`; readable as `/proc/self/fd/N`. The caller closes it. */
export function memfdCreate(name: string, data: Uint8Array): number {
  const fd = libc().memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) fail('memfd_create');
  writeFileSync(fd, data);
  return fd;
}

/** A shared mapping of a file, and how to end it. The typed arrays made of it must not be used after that. */
export interface Mapping {
  buffer: ArrayBuffer;
  unmap: () => void;
}

/** mmap(2), MAP_SHARED. Offset and size in bytes, whole pages. */
export function mapShared(fd: number, offset: number, bytes: number, writable: boolean): Mapping {
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const at = libc().mmap(null, bytes, protection, MAP_SHARED, fd, offset);
  if (at === null || koffi().address(at) === 0xffff_ffff_ffff_ffffn) fail('mmap');
  return {
    buffer: koffi().view(at, bytes),
    unmap: () => {
      libc().munmap(at, bytes);
    },
  };
}

/**
 * Opens a tracefs event (its number is in the event's `id` file) as a perf event for all processes. A BPF program
 * attached to it runs on every CPU: the kernel looks at the event's programs before its CPU.
 * @param cpu one that is online: else the kernel refuses (ENODEV)
 */
export function perfEventOpenTracepoint(eventId: number, cpu: number): number {
  const attributes = new Uint8Array(PERF_ATTR_SIZE_VER5);
  const view = new DataView(attributes.buffer);
  view.setUint32(0, PERF_TYPE_TRACEPOINT, true);
  view.setUint32(4, PERF_ATTR_SIZE_VER5, true);
  view.setBigUint64(8, BigInt(eventId), true); // config
  const number = PERF_EVENT_OPEN[process.arch as keyof typeof PERF_EVENT_OPEN];
  const fd = libc().syscall(number, attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) fail('perf_event_open');
  return fd;
}

/** CLOCK_REALTIME − CLOCK_MONOTONIC in nanoseconds. */
export function realtimeOffset(): bigint {
  return now(CLOCK_REALTIME) - monotonicNow();
}

/** CLOCK_MONOTONIC in nanoseconds, which events have too. */
export function monotonicNow(): bigint {
  return now(CLOCK_MONOTONIC);
}

function now(clock: number): bigint {
  const timespec = new BigInt64Array(2);
  if (libc().clock_gettime(clock, timespec) !== 0) fail('clock_gettime');
  return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
}
