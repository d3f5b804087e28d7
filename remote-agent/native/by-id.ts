/** Programs and types that the kernel holds, of everybody, by their numbers (bpf(2) through libbpf). */
import { libbpf } from './libbpf.ts';
import { close } from './libc.ts';

export type Kind = 'prog' | 'btf';

interface Calls {
  nextId(id: number, next: Uint32Array): number;
  open(id: number): number;
}

type InfoByFd = (fd: number, info: Uint8Array, bytes: Uint32Array) => number;

const bound = new Map<Kind, Calls>();
let infoByFd: InfoByFd | undefined;

function calls(kind: Kind): Calls {
  let found = bound.get(kind);
  if (found === undefined) {
    found = {
      nextId: libbpf().func(`int bpf_${kind}_get_next_id(uint32_t, _Out_ uint32_t *)`),
      open: libbpf().func(`int bpf_${kind}_get_fd_by_id(uint32_t)`),
    };
    bound.set(kind, found);
  }
  return found;
}

/** The number that follows; undefined: there is none. */
export function nextId(kind: Kind, after: number): number | undefined {
  const next = new Uint32Array(1);
  return calls(kind).nextId(after, next) === 0 ? next[0] : undefined;
}

/** A descriptor that the caller closes; undefined: it is gone. */
export function openById(kind: Kind, id: number): number | undefined {
  const fd = calls(kind).open(id);
  return fd < 0 ? undefined : fd;
}

/** What is made of it while it is open; undefined: it is gone. */
export function withId<T>(kind: Kind, id: number, use: (fd: number) => T): T | undefined {
  const fd = openById(kind, id);
  if (fd === undefined) return undefined;
  try {
    return use(fd);
  } finally {
    close(fd);
  }
}

/**
 * Fills in what the kernel tells of an open program or of open types.
 * @param info struct bpf_prog_info or bpf_btf_info, as much of it as is wanted
 * @returns whether it told
 */
export function readInfo(fd: number, info: Uint8Array): boolean {
  infoByFd ??= libbpf().func(
    'int bpf_obj_get_info_by_fd(int, _Inout_ uint8_t *, _Inout_ uint32_t *)',
  ) as InfoByFd;
  return infoByFd(fd, info, Uint32Array.of(info.length)) >= 0;
}
