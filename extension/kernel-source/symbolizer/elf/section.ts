/** Names as in elf(5). */
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHF_COMPRESSED = 0x800;

export interface Section {
  index: number;
  name: string;
  type: number;
  flags: number;
  /** Low 48 bits. In a relocatable file, where every section is at 0, the address that we lay it out at. */
  address: number;
  /** Where the contents are: the ELF file, or a temporary one that holds what was inflated. */
  fd: number;
  offset: number;
  size: number;
  link: number;
  info: number;
  alignment: number;
}
