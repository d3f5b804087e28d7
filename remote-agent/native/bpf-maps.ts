/** Entries of BPF maps, and the maps of all the machine, by bpf(2) through libbpf. */
import { libbpf } from './libbpf.ts';
import { close } from './libc.ts';

/** What of `struct bpf_map_info` is read. */
export interface MapInfo {
  id: number;
  keyBytes: number;
  valueBytes: number;
  name: string;
  /** Of its types; 0: whoever made it gave none, as one without privileges cannot. */
  btfId: number;
}

/** sizeof(struct bpf_map_info) to the end of btf_value_type_id. */
const INFO_BYTES = 80;
const BPF_ANY = 0;

interface Api {
  bpf_map_get_next_id(id: number, next: Uint32Array): number;
  bpf_map_get_fd_by_id(id: number): number;
  bpf_obj_get_info_by_fd(fd: number, info: Uint8Array, bytes: Uint32Array): number;
  bpf_map_get_next_key(fd: number, key: Uint8Array | null, next: Uint8Array): number;
  bpf_map_lookup_elem(fd: number, key: Uint8Array, value: Uint32Array | BigUint64Array): number;
  bpf_map_update_elem(
    fd: number,
    key: Uint8Array,
    value: Uint32Array | BigUint64Array,
    flags: number,
  ): number;
  bpf_map_delete_elem(fd: number, key: Uint8Array): number;
}

let bound: Api | undefined;

function api(): Api {
  const library = libbpf();
  bound ??= {
    bpf_map_get_next_id: library.func('int bpf_map_get_next_id(uint32_t, _Out_ uint32_t *)'),
    bpf_map_get_fd_by_id: library.func('int bpf_map_get_fd_by_id(uint32_t)'),
    bpf_obj_get_info_by_fd: library.func(
      'int bpf_obj_get_info_by_fd(int, _Inout_ uint8_t *, _Inout_ uint32_t *)',
    ),
    bpf_map_get_next_key: library.func('int bpf_map_get_next_key(int, void *, _Out_ uint8_t *)'),
    bpf_map_lookup_elem: library.func('int bpf_map_lookup_elem(int, void *, void *)'),
    bpf_map_update_elem: library.func('int bpf_map_update_elem(int, void *, void *, uint64_t)'),
    bpf_map_delete_elem: library.func('int bpf_map_delete_elem(int, void *)'),
  };
  return bound;
}

/** The number of the next map of this machine; undefined: there is none, or we may not know (no CAP_SYS_ADMIN). */
export function nextMap(after: number): number | undefined {
  const next = new Uint32Array(1);
  return api().bpf_map_get_next_id(after, next) === 0 ? next[0] : undefined;
}

/** What is made of an open map; undefined: it is gone, or cannot be read. */
export function withMap<T>(id: number, use: (fd: number) => T): T | undefined {
  const fd = api().bpf_map_get_fd_by_id(id);
  if (fd < 0) return undefined;
  try {
    return use(fd);
  } finally {
    close(fd);
  }
}

export function mapInfo(fd: number): MapInfo | undefined {
  const info = Buffer.alloc(INFO_BYTES);
  if (api().bpf_obj_get_info_by_fd(fd, info, Uint32Array.of(info.length)) < 0) return undefined;
  return {
    id: info.readUInt32LE(4),
    keyBytes: info.readUInt32LE(8),
    valueBytes: info.readUInt32LE(12),
    name: info.toString('latin1', 24, 40).replace(/\0.*$/s, ''),
    btfId: info.readUInt32LE(64),
  };
}

/** The keys of a hash map whose values are these 32 bits. */
export function keysWith(fd: number, keyBytes: number, wanted: number, limit: number): Uint8Array[] {
  const keys: Uint8Array[] = [];
  const value = new Uint32Array(1);
  let key: Uint8Array | null = null;
  for (let left = limit; left > 0; left--) {
    const next: Uint8Array = new Uint8Array(keyBytes);
    if (api().bpf_map_get_next_key(fd, key, next) < 0) break;
    if (api().bpf_map_lookup_elem(fd, next, value) === 0 && value[0] === wanted) keys.push(next);
    key = next;
  }
  return keys;
}

/** False: the map is full. */
export function setEntry(fd: number, key: Uint8Array, value: number): boolean {
  return api().bpf_map_update_elem(fd, key, Uint32Array.of(value), BPF_ANY) === 0;
}

export function deleteEntry(fd: number, key: Uint8Array): void {
  api().bpf_map_delete_elem(fd, key);
}

/** An entry of 64 bits that is 0. False: the map is full. */
export function addCounter(fd: number, key: Uint8Array): boolean {
  return api().bpf_map_update_elem(fd, key, new BigUint64Array(1), BPF_ANY) === 0;
}

/** The 64 bits of an entry; 0 where there is none. */
export function readCounter(fd: number, key: Uint8Array): bigint {
  const value = new BigUint64Array(1);
  api().bpf_map_lookup_elem(fd, key, value);
  return value[0] ?? 0n;
}
