/** Types (BTF) that the kernel holds: those of BPF programs, and those of modules. */
import { nextId, openById, readInfo, withId } from './by-id.ts';
import { close } from './libc.ts';
import { koffi } from './native.ts';

/** sizeof(struct bpf_btf_info) */
const BTF_INFO_BYTES = 32;
const NAME_BYTES = 64;
/** More than any program has. */
const BTF_LIMIT_BYTES = 1 << 26;

/** The types of a program by their number; undefined: they cannot be read. */
export function readBtf(id: number): Uint8Array | undefined {
  return withId('btf', id, (fd) => {
    const bytes = typesOf(fd, new Uint8Array());
    if (bytes === undefined || bytes > BTF_LIMIT_BYTES) return undefined;
    const types = new Uint8Array(bytes);
    return typesOf(fd, types) === bytes ? types : undefined;
  });
}

/** Fills in as much as there is room for. @returns how much there is */
function typesOf(fd: number, types: Uint8Array): number | undefined {
  const info = Buffer.alloc(BTF_INFO_BYTES);
  if (types.length > 0) info.writeBigUInt64LE(koffi().address(types), 0);
  info.writeUInt32LE(types.length, 8);
  return readInfo(fd, info) ? info.readUInt32LE(8) : undefined;
}

/** The types of modules by the modules' names, as descriptors that the caller closes. */
export function openModuleBtf(names: ReadonlySet<string>): Map<string, number> {
  const found = new Map<string, number>();
  for (let id = nextId('btf', 0); id !== undefined; id = nextId('btf', id)) {
    const fd = openById('btf', id);
    if (fd === undefined) continue;
    const name = moduleOf(fd);
    if (name !== undefined && names.has(name) && !found.has(name)) found.set(name, fd);
    else close(fd);
  }
  return found;
}

/** `vmlinux`, or a module; undefined: these types are not the kernel's. */
function moduleOf(fd: number): string | undefined {
  const info = Buffer.alloc(BTF_INFO_BYTES);
  const name = Buffer.alloc(NAME_BYTES);
  info.writeBigUInt64LE(koffi().address(name), 16);
  info.writeUInt32LE(name.length, 24);
  if (!readInfo(fd, info) || info.readUInt32LE(28) === 0) return undefined; // kernel_btf
  return name.toString('latin1').replace(/\0.*$/s, '');
}
