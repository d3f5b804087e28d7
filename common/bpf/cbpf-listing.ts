import type { CbpfInstruction } from '../protocol.ts';

/** Names by the bits of an instruction's code; bpf(4) has both. */
const aluNames = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor'];
const jumpNames = ['ja', 'jeq', 'jgt', 'jge', 'jset'];
const sizeSuffixes = ['', 'h', 'b'];
/** Loads that read no packet byte: what Linux knows of a packet besides (SKF_AD_* of linux/filter.h). */
const ANCILLARY_START = 0xffff_f000;
const ancillary = new Map([
  [4, 'type'],
  [8, 'ifidx'],
  [44, 'vlan_tci'],
  [48, 'vlanp'],
]);

/** A program as `tcpdump -d` prints it. */
export function listCbpf(program: readonly CbpfInstruction[]): string[] {
  return program.map((instruction, index) => {
    const { name, operand, targets } = describe(instruction, index);
    const jump = targets === undefined ? '' : `jt ${targets[0]}\tjf ${targets[1]}`;
    return `(${String(index).padStart(3, '0')}) ${name.padEnd(8)} ${operand.padEnd(16)} ${jump}`.trimEnd();
  });
}

interface Description {
  name: string;
  operand: string;
  targets?: [whenTrue: number, whenFalse: number];
}

function describe([code, jt, jf, k]: CbpfInstruction, index: number): Description {
  const fromX = (code & 0x08) !== 0;
  const hex = `#0x${k.toString(16)}`;
  switch (code & 0x07) {
    case 0x00:
    case 0x01:
      return load(code, k);
    case 0x02:
      return { name: 'st', operand: `M[${k}]` };
    case 0x03:
      return { name: 'stx', operand: `M[${k}]` };
    case 0x04: {
      const name = aluNames[code >> 4] ?? 'alu?';
      const bits = name === 'and' || name === 'or' || name === 'xor';
      return { name, operand: name === 'neg' ? '' : fromX ? 'x' : bits ? hex : `#${k | 0}` };
    }
    case 0x05: {
      const name = jumpNames[code >> 4] ?? 'jmp?';
      if (name === 'ja') return { name, operand: String(index + 1 + (k | 0)) };
      return { name, operand: fromX ? 'x' : hex, targets: [index + 1 + jt, index + 1 + jf] };
    }
    case 0x06:
      return { name: 'ret', operand: (code & 0x18) === 0x10 ? '' : `#${k | 0}` };
    default:
      return { name: (code & 0x80) === 0 ? 'tax' : 'txa', operand: '' };
  }
}

function load(code: number, k: number): Description {
  const name = `ld${(code & 0x01) === 0 ? '' : 'x'}${sizeSuffixes[(code >> 3) & 3] ?? ''}`;
  switch (code & 0xe0) {
    case 0x00:
      return { name, operand: `#0x${k.toString(16)}` };
    case 0x20:
      return { name, operand: `[${ancillary.get(k - ANCILLARY_START) ?? k | 0}]` };
    case 0x40:
      return { name, operand: `[x + ${k | 0}]` };
    case 0x60:
      return { name, operand: `M[${k}]` };
    case 0x80:
      return { name, operand: '#pktlen' };
    default:
      return { name, operand: `4*([${k}]&0xf)` };
  }
}
