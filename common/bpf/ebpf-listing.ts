import type { Instruction } from './ebpf.ts';

/** Operators by the high bits of the code (Documentation/bpf/standardization/instruction-set.rst). */
const aluOperators = ['+=', '-=', '*=', '/=', '|=', '&=', '<<=', '>>=', '', '%=', '^=', '=', 's>>='];
const jumpOperators = ['', '==', '>', '>=', '&', '!=', 's>', 's>=', '', '', '<', '<=', 's<', 's<='];
const types = ['u32', 'u16', 'u8', 'u64'];
/** Numbers of include/uapi/linux/bpf.h. */
const helpers = new Map([[113, 'bpf_probe_read_kernel']]);

/** A program in the notation of the kernel's verifier log, jumps with the number of the instruction they lead to. */
export function listEbpf(program: readonly Instruction[]): string[] {
  return program.map((instruction, index) => {
    const code = instruction.code.toString(16).padStart(2, '0');
    return `${String(index).padStart(5)}: (${code}) ${describe(instruction, index)}`;
  });
}

function describe({ code, dst, src, off, imm }: Instruction, index: number): string {
  const fromRegister = (code & 0x08) !== 0;
  const kind = code & 0x07;
  const type = types[(code >> 3) & 3] ?? '';
  const memory = (register: number) => `*(${type} *)(r${register} ${off < 0 ? '-' : '+'} ${Math.abs(off)})`;
  switch (kind) {
    case 0x01:
      return `r${dst} = ${memory(src)}`;
    case 0x02:
      return `${memory(dst)} = ${imm}`;
    case 0x03:
      return `${memory(dst)} = r${src}`;
    case 0x04:
    case 0x07: {
      const register = kind === 0x04 ? 'w' : 'r';
      if (code >> 4 === 0x8) return `${register}${dst} = -${register}${dst}`;
      if (code >> 4 === 0xd) return `r${dst} = ${fromRegister ? 'be' : 'le'}${imm} r${dst}`;
      const operand = fromRegister ? `${register}${src}` : constant(imm);
      return `${register}${dst} ${aluOperators[code >> 4] ?? '?='} ${operand}`;
    }
    case 0x05:
    case 0x06: {
      if (code === 0x85)
        return src === 0 ? `call ${helpers.get(imm) ?? `helper ${imm}`}` : 'call packet_word';
      if (code === 0x95) return 'exit';
      const target = `goto ${index + 1 + off}`;
      if (code === 0x05) return target;
      const register = kind === 0x06 ? 'w' : 'r';
      const operand = fromRegister ? `${register}${src}` : constant(imm);
      return `if ${register}${dst} ${jumpOperators[code >> 4] ?? '?'} ${operand} ${target}`;
    }
    default:
      return `code 0x${code.toString(16)}`;
  }
}

function constant(value: number): string {
  return value < 0 || value > 9 ? `0x${(value >>> 0).toString(16)}` : String(value);
}
