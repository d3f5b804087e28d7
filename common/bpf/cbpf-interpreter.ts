import type { LinkFact, LinkFacts } from './cbpf.ts';
import type { CbpfInstruction } from '../protocol.ts';

/** SKF_AD_OFF + SKF_AD_* of linux/filter.h, for loads of any size. */
const FACTS = new Map<number, LinkFact>([
  [0xffff_f004, 'packet-type'],
  [0xffff_f008, 'interface'],
  [0xffff_f02c, 'vlan-tag'],
  [0xffff_f030, 'vlan-present'],
]);
const isAbsoluteLoad = (code: number) => code === 0x20 || code === 0x28 || code === 0x30;

/**
 * Classic BPF as BSD's bpf_filter runs it (bpf(4), libpcap's bpf_filter.c): the reference for our translation,
 * with the Linux extensions that libpcap uses.
 * @param packet the bytes that were captured
 * @param length the packet's length on the wire
 * @returns what the program returns, unsigned 32 bits
 */
export function runCbpf(
  program: readonly CbpfInstruction[],
  packet: Uint8Array,
  length: number,
  facts: LinkFacts = {},
): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const memory = new Uint32Array(16);
  let a = 0;
  let x = 0;
  for (let pc = 0; pc < program.length;) {
    const [code, jt, jf, k] = program[pc++]!;
    const operand = code & 0x08 ? x : k;
    const fact = isAbsoluteLoad(code) ? FACTS.get(k) : undefined;
    if (fact !== undefined) {
      a = facts[fact] ?? 0;
      continue;
    }
    switch (code) {
      case 0x06: // ret k
        return k;
      case 0x16: // ret a
        return a;
      case 0x20: // ld [k]
        if (k + 4 > packet.length) return 0;
        a = view.getUint32(k);
        break;
      case 0x28: // ldh [k]
        if (k + 2 > packet.length) return 0;
        a = view.getUint16(k);
        break;
      case 0x30: // ldb [k]
        if (k >= packet.length) return 0;
        a = view.getUint8(k);
        break;
      case 0x40: // ld [x + k]
        if (x + k + 4 > packet.length) return 0;
        a = view.getUint32(x + k);
        break;
      case 0x48: // ldh [x + k]
        if (x + k + 2 > packet.length) return 0;
        a = view.getUint16(x + k);
        break;
      case 0x50: // ldb [x + k]
        if (x + k >= packet.length) return 0;
        a = view.getUint8(x + k);
        break;
      case 0xb1: // ldx 4*([k]&0xf)
        if (k >= packet.length) return 0;
        x = (view.getUint8(k) & 0xf) * 4;
        break;
      case 0x80: // ld #pktlen
        a = length >>> 0;
        break;
      case 0x81:
        x = length >>> 0;
        break;
      case 0x00: // ld #k
        a = k;
        break;
      case 0x01:
        x = k;
        break;
      case 0x60: // ld M[k]
        a = memory[k]!;
        break;
      case 0x61:
        x = memory[k]!;
        break;
      case 0x02: // st M[k]
        memory[k] = a;
        break;
      case 0x03:
        memory[k] = x;
        break;
      case 0x05: // ja
        pc += k | 0;
        break;
      case 0x15:
      case 0x1d:
        pc += a === operand ? jt : jf;
        break;
      case 0x25:
      case 0x2d:
        pc += a > operand ? jt : jf;
        break;
      case 0x35:
      case 0x3d:
        pc += a >= operand ? jt : jf;
        break;
      case 0x45:
      case 0x4d:
        pc += (a & operand) !== 0 ? jt : jf;
        break;
      case 0x04:
      case 0x0c:
        a = (a + operand) >>> 0;
        break;
      case 0x14:
      case 0x1c:
        a = (a - operand) >>> 0;
        break;
      case 0x24:
      case 0x2c:
        a = Math.imul(a, operand) >>> 0;
        break;
      case 0x34:
      case 0x3c:
        if (operand === 0) return 0;
        a = Math.floor(a / operand);
        break;
      case 0x94:
      case 0x9c:
        if (operand === 0) return 0;
        a = a % operand;
        break;
      case 0x44:
      case 0x4c:
        a = (a | operand) >>> 0;
        break;
      case 0x54:
      case 0x5c:
        a = (a & operand) >>> 0;
        break;
      case 0xa4:
      case 0xac:
        a = (a ^ operand) >>> 0;
        break;
      case 0x64:
      case 0x6c:
        a = operand < 32 ? (a << operand) >>> 0 : 0;
        break;
      case 0x74:
      case 0x7c:
        a = operand < 32 ? a >>> operand : 0;
        break;
      case 0x84:
        a = -a >>> 0;
        break;
      case 0x07: // tax
        x = a;
        break;
      case 0x87: // txa
        a = x;
        break;
      default:
        throw new Error(`no such instruction: 0x${code.toString(16)}`);
    }
  }
  throw new Error('ran past the end');
}
