/**
 * Reading kernel memory without a call: bpf_rdonly_cast (Linux 6.2) makes an address a pointer to a structure,
 * which the verifier lets a program load from; a bad address gives 0. Any structure with an array of bytes
 * serves to read numbers from anywhere, and linux_binprm's is the longest that every kernel has. Ids are those
 * of vmlinux's BTF.
 */
export interface DirectReads {
  castFunction: number;
  structure: number;
  /** Where in it the array is, which has 256 bytes (BINPRM_BUF_SIZE of include/uapi/linux/binfmts.h). */
  bytesAt: number;
}
