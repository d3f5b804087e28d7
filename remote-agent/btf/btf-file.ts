/** Types of a kernel in a file: BTF itself, as in /sys/kernel/btf, or an ELF file with a section of it, as a vmlinux. */
import { readFileSync } from 'node:fs';
import { Btf, BtfKind } from '../../common/btf/btf.ts';
import { AgentFailure } from '../../common/errors.ts';

const ELF_MAGIC = 0x464c457f;
const SECTION = '.BTF';
const SECTION_HEADER_BYTES = 64;
const HOW_TO_MAKE =
  '"--kernel-btf" is a path on the target, of the BTF of just the kernel that runs there: raw, as "pahole --btf_encode_detached FILE vmlinux" writes it, or a vmlinux with it.';

/**
 * @param path on this machine
 * @returns BTF itself
 * @throws AgentFailure `no-btf`, which names the file
 */
export function readBtfFile(path: string): Buffer {
  let data: Buffer;
  try {
    data = readFileSync(path);
  } catch (error) {
    throw refused(path, `it cannot be read: ${(error as Error).message}`, error);
  }
  const isElf = data.length >= 64 && data.readUInt32LE(0) === ELF_MAGIC;
  const bytes = isElf ? sectionOf(data) : data;
  if (bytes === undefined) throw refused(path, `it is an ELF file without a section ${SECTION}`);
  let btf: Btf;
  try {
    btf = new Btf(bytes);
  } catch (error) {
    throw refused(path, `it is no BTF, or a broken one: ${(error as Error).message}`, error);
  }
  if (!hasPackets(btf)) throw refused(path, 'it is not that of a kernel: there is no struct sk_buff in it');
  return bytes;
}

function refused(path: string, why: string, cause?: unknown): AgentFailure {
  return new AgentFailure('no-btf', `The types in ${path} cannot be used: ${why}.`, HOW_TO_MAKE, { cause });
}

function hasPackets(btf: Btf): boolean {
  const name = Buffer.from('sk_buff');
  for (let id = btf.firstId; id < btf.endId; id++)
    if (btf.kind(id) === BtfKind.Struct && btf.isNamed(id, name)) return true;
  return false;
}

/** Of a file of 64 bits, little-endian; undefined: there is none, or not where the file says. */
function sectionOf(data: Buffer): Buffer | undefined {
  try {
    const table = Number(data.readBigUInt64LE(40)); // e_shoff
    const count = data.readUInt16LE(60); // e_shnum
    const at = (index: number) => table + index * SECTION_HEADER_BYTES;
    const contents = (index: number) => {
      const start = Number(data.readBigUInt64LE(at(index) + 24)); // sh_offset
      return data.subarray(start, start + Number(data.readBigUInt64LE(at(index) + 32))); // sh_size
    };
    const names = contents(data.readUInt16LE(62)); // e_shstrndx
    for (let index = 0; index < count; index++) {
      const name = data.readUInt32LE(at(index));
      if (names.toString('latin1', name, names.indexOf(0, name)) === SECTION) return contents(index);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // cut short
  }
  return undefined;
}
