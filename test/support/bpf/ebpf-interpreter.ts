/**
 * Runs a BPF function of scalar arguments as a 64-bit little-endian kernel would, and is as strict as the
 * verifier where a run can tell: registers and stack bytes are written before they are read, R1 to R5 are lost
 * in calls, stack accesses are aligned. The only helper is bpf_probe_read_kernel, the only function packet_word,
 * the only kernel function bpf_rdonly_cast.
 */
export interface FakeMemory {
  address: bigint;
  bytes: Uint8Array;
  /** Of the packet, what is behind the bytes above: packet_word of bpf/packet/paged-bytes.h finds them. */
  paged?: Uint8Array;
}

/** What a filter function is called with; FILTER_PARAMETERS says more. */
export interface FilterPacket {
  /** What was captured. */
  bytes: Uint8Array;
  /** How many of them are linear; default all. A negative number: the packet begins that far behind. */
  linear?: number;
  /** On the wire; default: as captured. */
  length?: number;
  /** The argument `link`. */
  link?: bigint;
}

const PACKET_ADDRESS = 0xffff_8880_1234_5678n;
const SKB_ADDRESS = 0xffff_8881_0000_0100n;

/** Calls a filter function as the programs of bpf/ do. */
export function runFilterCode(code: Uint8Array, packet: FilterPacket): number {
  const { bytes, linear = bytes.length, length = bytes.length, link = 0n } = packet;
  const memory = {
    address: PACKET_ADDRESS,
    bytes: bytes.subarray(0, Math.max(linear, 0)),
    paged: Buffer.concat([Buffer.alloc(Math.max(-linear, 0)), bytes.subarray(Math.max(linear, 0))]),
  };
  const skb = linear < bytes.length ? SKB_ADDRESS : 0n;
  return runEbpf(code, [PACKET_ADDRESS, BigInt(linear), BigInt(length), skb, link], memory);
}

const STACK_TOP = 0xffff_c900_0000_1000n;
const STACK_BYTES = 512;
const EFAULT = -14n;
const MAX_STEPS = 1_000_000;

const u32 = (value: bigint) => BigInt.asUintN(32, value);
const u64 = (value: bigint) => BigInt.asUintN(64, value);

/** What the function returns as an `int`. */
export function runEbpf(code: Uint8Array, args: readonly bigint[], memory: FakeMemory): number {
  return Number(u32(runEbpf64(code, args, memory)));
}

/** R0 at the end. */
export function runEbpf64(code: Uint8Array, args: readonly bigint[], memory: FakeMemory): bigint {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const registers: (bigint | undefined)[] = new Array<undefined>(11);
  args.forEach((value, index) => (registers[1 + index] = u64(value)));
  registers[10] = STACK_TOP;
  const stack = new Stack();
  const get = (register: number) => {
    const value = registers[register];
    if (value === undefined) throw new Error(`R${register} !read_ok`);
    return value;
  };
  for (let pc = 0, steps = 0; ; steps++) {
    if (steps > MAX_STEPS) throw new Error('the program does not end');
    if (pc < 0 || pc * 8 >= code.length) throw new Error(`jump out of range: ${pc}`);
    const opcode = view.getUint8(pc * 8);
    const dst = view.getUint8(pc * 8 + 1) & 0xf;
    const src = view.getUint8(pc * 8 + 1) >> 4;
    const off = view.getInt16(pc * 8 + 2, true);
    const imm = BigInt(view.getInt32(pc * 8 + 4, true));
    pc++;
    const kind = opcode & 0x07;
    const operand = () => (opcode & 0x08 ? get(src) : imm);
    if (opcode === 0x95) return get(0);
    if (opcode === 0x85 && src === 2) {
      const result = get(1); // bpf_rdonly_cast
      registers.fill(undefined, 1, 6);
      registers[0] = result;
    } else if (opcode === 0x85 && src === 1) {
      const result = packetWord(memory, get(1), get(2));
      registers.fill(undefined, 1, 6);
      registers[0] = result;
    } else if (opcode === 0x85) {
      if (imm !== 113n) throw new Error(`no helper ${imm}`);
      const result = probeRead(stack, get(1), get(2), get(3), memory);
      registers.fill(undefined, 1, 6);
      registers[0] = u64(result);
    } else if (opcode === 0x05) pc += off;
    else if (opcode === 0xdc) registers[dst] = swap(get(dst), Number(imm));
    else if (kind === 0x01) {
      const address = u64(get(src) + BigInt(off));
      const size = accessSize(opcode);
      registers[dst] = stack.has(address) ? stack.read(address, size) : readDirectly(address, size, memory);
    } else if (kind === 0x02) stack.write(get(dst) + BigInt(off), accessSize(opcode), imm);
    else if (kind === 0x03) stack.write(get(dst) + BigInt(off), accessSize(opcode), get(src));
    else if (kind === 0x04 || kind === 0x07) {
      const bits = kind === 0x04 ? 32 : 64;
      const name = opcode & 0xf0;
      const isShift = name === 0x60 || name === 0x70 || name === 0xc0;
      if (isShift && (opcode & 0x08) === 0 && imm >= BigInt(bits)) throw new Error(`invalid shift ${imm}`);
      const left = name === 0xb0 ? 0n : get(dst);
      const right = name === 0x80 ? 0n : operand();
      registers[dst] = alu(name, BigInt.asUintN(bits, left), BigInt.asUintN(bits, right), bits);
    } else if (kind === 0x05 || kind === 0x06) {
      const bits = kind === 0x06 ? 32 : 64;
      if (compare(opcode & 0xf0, get(dst), operand(), bits)) pc += off;
    } else throw new Error(`unknown opcode 0x${opcode.toString(16)}`);
  }
}

/** The verifier's "unreachable insn" and "last insn is not an exit or jmp". */
export function assertNoDeadCode(code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const count = code.length / 8;
  const seen = new Uint8Array(count);
  const queue = [0];
  while (queue.length > 0) {
    const pc = queue.pop()!;
    if (pc < 0 || pc >= count) throw new Error(`control flow leaves the program at ${pc}`);
    if (seen[pc]) continue;
    seen[pc] = 1;
    const opcode = view.getUint8(pc * 8);
    if (opcode === 0x95) continue;
    const isJump = ((opcode & 7) === 5 || (opcode & 7) === 6) && opcode !== 0x85;
    if (isJump) queue.push(pc + 1 + view.getInt16(pc * 8 + 2, true));
    if (opcode !== 0x05) queue.push(pc + 1);
  }
  const dead = seen.indexOf(0);
  if (dead >= 0) throw new Error(`unreachable insn ${dead}`);
}

class Stack {
  private readonly bytes = new Uint8Array(STACK_BYTES);
  private readonly written = new Uint8Array(STACK_BYTES);

  has(address: bigint): boolean {
    return address >= STACK_TOP - BigInt(STACK_BYTES) && address < STACK_TOP;
  }

  read(address: bigint, size: number): bigint {
    const at = this.offset(address, size, size);
    if (this.written.subarray(at, at + size).includes(0)) throw new Error(`invalid read from stack at ${at}`);
    return this.bytes.subarray(at, at + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  write(address: bigint, size: number, value: bigint): void {
    const at = this.offset(address, size, size);
    for (let i = 0; i < size; i++) this.bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    this.written.fill(1, at, at + size);
  }

  /** What a helper does; unlike program accesses it needs no alignment. */
  fill(address: bigint, data: Uint8Array): void {
    const at = this.offset(address, data.length, 1);
    this.bytes.set(data, at);
    this.written.fill(1, at, at + data.length);
  }

  private offset(address: bigint, size: number, alignment: number): number {
    const at = STACK_BYTES - Number(STACK_TOP - address);
    if (at < 0 || at + size > STACK_BYTES) throw new Error(`access outside of the stack: ${at}, ${size}`);
    if (at % alignment !== 0) throw new Error(`misaligned stack access: ${at}, ${size}`);
    return at;
  }
}

/** For skb 0 there are no bytes. */
function packetWord({ bytes, paged = new Uint8Array() }: FakeMemory, skb: bigint, position: bigint): bigint {
  const at = bytes.length + Number(BigInt.asIntN(64, position));
  const all = skb === 0n ? [] : [...bytes, ...paged];
  const found = all.slice(at, at + 4);
  const word = found.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return (BigInt(found.length) << 32n) | word;
}

function probeRead(stack: Stack, to: bigint, size: bigint, from: bigint, memory: FakeMemory): bigint {
  const at = Number(from - memory.address);
  const count = Number(size);
  const fault = at < 0 || at + count > memory.bytes.length;
  stack.fill(to, fault ? new Uint8Array(count) : memory.bytes.subarray(at, at + count));
  return fault ? EFAULT : 0n;
}

/** A load through a pointer of bpf_rdonly_cast. The kernel would give 0 for a bad address, which is never asked for. */
function readDirectly(address: bigint, size: number, memory: FakeMemory): bigint {
  const at = Number(address - memory.address);
  if (at < 0 || at + size > memory.bytes.length) throw new Error(`direct read of ${size} bytes at ${at}`);
  return memory.bytes.subarray(at, at + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function accessSize(opcode: number): number {
  return ({ 0x10: 1, 0x08: 2, 0x00: 4, 0x18: 8 } as Record<number, number>)[opcode & 0x18]!;
}

function swap(value: bigint, bits: number): bigint {
  let result = 0n;
  for (let i = 0; i < bits; i += 8) result = (result << 8n) | ((value >> BigInt(i)) & 0xffn);
  return result;
}

function alu(name: number, left: bigint, right: bigint, bits: number): bigint {
  const count = right % BigInt(bits);
  const results: Record<number, () => bigint> = {
    0x00: () => left + right,
    0x10: () => left - right,
    0x20: () => left * right,
    0x30: () => (right === 0n ? 0n : left / right),
    0x40: () => left | right,
    0x50: () => left & right,
    0x60: () => left << count,
    0x70: () => left >> count,
    0x80: () => -left,
    0x90: () => (right === 0n ? left : left % right),
    0xa0: () => left ^ right,
    0xb0: () => right,
    0xc0: () => BigInt.asIntN(bits, left) >> count,
  };
  return BigInt.asUintN(bits, results[name]!());
}

function compare(name: number, first: bigint, second: bigint, bits: number): boolean {
  const isSigned = [0x60, 0x70, 0xc0, 0xd0].includes(name);
  const [left, right] = [first, second].map((value) =>
    isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value),
  ) as [bigint, bigint];
  const results: Record<number, boolean> = {
    0x10: left === right,
    0x20: left > right,
    0x30: left >= right,
    0x40: (left & right) !== 0n,
    0x50: left !== right,
    0x60: left > right,
    0x70: left >= right,
    0xa0: left < right,
    0xb0: left <= right,
    0xc0: left < right,
    0xd0: left <= right,
  };
  return results[name]!;
}
