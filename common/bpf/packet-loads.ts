/**
 * Reading packet bytes. `data` is a kernel address, so each access is a bounds check against the bytes readable
 * there and a call of bpf_probe_read_kernel, or, where the kernel offers it, a direct read (DirectReads). What the
 * program reads at fixed offsets near the start (nearly everything that a filter looks at) is copied to the stack
 * once, up front: a load from there needs no call, and no check either where every way to it has checked as much.
 *
 * Bytes in page fragments come from packet_word of bpf/packet/paged-bytes.h, out of line: a packet whose first
 * bytes are all linear pays nothing for them.
 */
import type { DirectReads } from './direct-reads.ts';
import { Label, type Assembler } from './assembler.ts';
import type { LoadSize, Operation } from './cbpf.ts';
import * as ebpf from './ebpf.ts';
import { successors } from './reachability.ts';

/** Registers that the translation keeps for the length of the program. */
export const DATA = ebpf.R8;
/** Bytes from the start that are copied or, when that is more, linear: what lies in the copy is checked against it. */
export const CAPTURED = ebpf.R9;

/** Bytes from the start that are copied up front at most; headers up to TCP over IPv6 and VLAN fit. */
const MAX_PREFIX = 96;
const WORD = 4;
/** In instructions: with what is then emitted a quarter of how far a jump reaches. */
const PUT_OFF_DISTANCE = 0x1000;

export interface PacketLoad {
  size: LoadSize;
  offset: number;
  /** The register to add to the offset. */
  index: number | undefined;
}

/** Stack offsets: negative, multiples of 8. */
interface StackPlaces {
  /** Two u64: how many bytes are linear, and the skb or 0. */
  linear: number;
  paged: number;
  /** 8 bytes; the copy lies below them. */
  scratch: number;
}

/** The bytes that an operation reads, if it reads any at a fixed offset: their end. */
function fixedEnd(operation: Operation): number | undefined {
  if (operation.op === 'load-header-length') return operation.offset + 1;
  if (operation.op === 'load' && !operation.indexed) return operation.offset + operation.size;
  return undefined;
}

export class PacketLoads {
  /** Bytes copied up front. */
  private readonly prefix: number;
  /** Packet offset 0 is this far into the copy, so that most loads are aligned as the verifier demands. */
  private readonly shift: number;
  private readonly copyAt: number;
  /** For each operation, how many bytes were checked to be readable on every way to it. */
  private readonly checked: number[];
  /** For each byte of the prefix, whether an operation reads it from the copy. */
  private readonly isRead: boolean[];
  /** Code for rare cases, emitted where execution does not come by. */
  private readonly outOfLine: (() => void)[] = [];
  /** Where the first of them is needed. */
  private oldestAt = 0;

  /**
   * @param program all of it
   * @param live which of its operations can run
   * @param heads where its loops begin
   * @param direct undefined: by calls
   */
  constructor(
    private readonly asm: Assembler,
    private readonly reject: Label,
    program: readonly Operation[],
    live: readonly boolean[],
    heads: ReadonlySet<number>,
    private readonly at: StackPlaces,
    private readonly direct: DirectReads | undefined,
  ) {
    const loads = program.filter((_, index) => live[index]);
    const ends = loads.map((operation) => fixedEnd(operation) ?? 0).filter((end) => end <= MAX_PREFIX);
    this.prefix = ends.reduce((most, end) => Math.max(most, end), 0);
    // An Ethernet header is 14 bytes: 2 more align what follows.
    const words = loads.filter((operation) => operation.op === 'load' && operation.size === WORD);
    const aligned = (shift: number) =>
      words.filter((operation) => operation.op === 'load' && (operation.offset + shift) % WORD === 0).length;
    this.shift = aligned(2) > aligned(0) ? 2 : 0;
    this.copyAt = at.scratch - Math.ceil((this.shift + this.prefix) / 8) * 8;
    this.isRead = new Array<boolean>(this.prefix).fill(false);
    for (const operation of loads) {
      const end = fixedEnd(operation) ?? 0;
      if (end <= this.prefix && 'offset' in operation) this.isRead.fill(true, operation.offset, end);
    }
    this.checked = this.checkedBefore(program, heads);
  }

  /** A forward pass: what holds at a join is the least of what holds on its ways in; of a loop's, nothing. */
  private checkedBefore(program: readonly Operation[], heads: ReadonlySet<number>): number[] {
    const checked = program.map((_, index) => (index === 0 || heads.has(index) ? 0 : Infinity));
    program.forEach((operation, index) => {
      const end = fixedEnd(operation) ?? 0;
      const after = end <= this.prefix ? Math.max(checked[index]!, end) : checked[index]!;
      for (const next of successors(operation, index)) checked[next] = Math.min(checked[next]!, after);
    });
    return checked;
  }

  /**
   * Emits what comes before the program. DATA is set, CAPTURED says how many bytes are linear (a negative
   * number when the packet begins behind them), the stack has the same and the skb. R0 to R5 are lost.
   */
  prologue(): void {
    const { asm } = this;
    if (this.prefix === 0) return;
    // Not every way fills all of the copy, and the verifier wants all of it initialised.
    for (let at = this.copyAt; at < this.at.scratch; at += 8) asm.emit(ebpf.storeConstant(8, ebpf.FP, at, 0));
    const [cut, body] = [new Label(), new Label()];
    asm.jumpTo(cut, ebpf.jump64('jslt', CAPTURED, this.prefix));
    if (this.direct === undefined) this.copyBytes(this.prefix);
    else this.copyDirectly(this.direct);
    asm.bind(body);
    this.putOff(() => {
      asm.bind(cut);
      this.cutPrologue(body);
    });
  }

  /** Copies that many bytes, a number or in a register, from the packet's start. */
  private copyBytes(count: number | { register: number }): void {
    const { asm } = this;
    if (typeof count === 'number') asm.emit(ebpf.alu64('mov', ebpf.R2, count));
    else asm.emit(ebpf.alu64Register('mov', ebpf.R2, count.register));
    asm.emit(ebpf.alu64Register('mov', ebpf.R3, DATA));
    this.read(this.copyAt + this.shift);
  }

  /** Copies what the program reads, in pieces that are aligned in the copy. */
  private copyDirectly(direct: DirectReads): void {
    const { asm } = this;
    asm.emit(ebpf.alu64Register('mov', ebpf.R1, DATA));
    this.cast(direct);
    const sizes = [8, 4, 2, 1] as const;
    for (let offset = 0; offset < this.prefix;) {
      const to = this.copyAt + this.shift + offset;
      const size = sizes.find((bytes) => to % bytes === 0 && offset + bytes <= this.prefix)!;
      if (this.isRead.slice(offset, offset + size).includes(true))
        asm.emit(
          ebpf.load(size, ebpf.R1, ebpf.R0, direct.bytesAt + offset),
          ebpf.store(size, ebpf.FP, to, ebpf.R1),
        );
      offset += size;
    }
  }

  /** Makes of the address in R1 a pointer in R0, behind which at `bytesAt` the bytes of the address are. */
  private cast({ castFunction, structure, bytesAt }: DirectReads): void {
    this.asm.emit(
      ebpf.alu64('sub', ebpf.R1, bytesAt),
      ebpf.alu64('mov', ebpf.R2, structure),
      ebpf.callKernel(castFunction),
    );
  }

  /** Fewer bytes are linear than the copy is to have: some may be in fragments, or the packet is that short. */
  private cutPrologue(body: Label): void {
    const { asm } = this;
    const paged = new Label();
    asm.emit(ebpf.load(8, ebpf.R1, ebpf.FP, this.at.paged));
    asm.jumpTo(paged, ebpf.jump64('jne', ebpf.R1, 0));
    asm.jumpTo(this.reject, ebpf.jump64('jslt', CAPTURED, 0));
    this.copyBytes({ register: CAPTURED });
    this.forgetCaptured();
    asm.jumpTo(body, ebpf.jump());

    asm.bind(paged);
    const end = new Label();
    // Words that are aligned in the copy; before the first one nothing is.
    for (let offset = -this.shift; offset < this.prefix; offset += WORD) {
      const from = Math.max(offset, 0);
      this.callPacketWord(from, undefined);
      const skipped = from - offset;
      if (skipped > 0) this.storeHalves(from);
      else asm.emit(ebpf.store(WORD, ebpf.FP, this.copyAt + this.shift + offset, ebpf.R0));
      asm.emit(ebpf.alu64('mov', CAPTURED, from), ebpf.alu64('rsh', ebpf.R0, 32));
      asm.jumpTo(end, ebpf.jump64('jlt', ebpf.R0, WORD));
    }
    asm.bind(end);
    asm.emit(ebpf.alu64Register('add', CAPTURED, ebpf.R0));
    this.forgetCaptured();
    asm.jumpTo(body, ebpf.jump());
  }

  /** The word in R0, at packet offset `from`, to a place in the copy that is aligned to 2. */
  private storeHalves(from: number): void {
    const at = this.copyAt + this.shift + from;
    this.asm.emit(
      ebpf.store(2, ebpf.FP, at, ebpf.R0),
      ebpf.alu64Register('mov', ebpf.R1, ebpf.R0),
      ebpf.alu64('rsh', ebpf.R1, 16),
      ebpf.store(2, ebpf.FP, at + 2, ebpf.R1),
    );
  }

  /** Lets the verifier forget the bounds of CAPTURED, or it would walk the program once for each of them. */
  private forgetCaptured(): void {
    this.asm.emit(ebpf.alu64Register('add', CAPTURED, DATA), ebpf.alu64Register('sub', CAPTURED, DATA));
  }

  /**
   * Emits the load of operation number `position` into `dst`, in host order. Jumps to `reject` when the bytes
   * are not all readable. R0 to R5 are lost.
   */
  emit(position: number, load: PacketLoad, dst: number): void {
    const { asm } = this;
    const end = load.offset + load.size;
    if (load.index === undefined && end <= this.prefix) {
      if (end > this.checked[position]!) asm.jumpTo(this.reject, ebpf.jump64('jslt', CAPTURED, end));
      loadAligned(asm, load.size, dst, this.copyAt + this.shift + load.offset);
      return;
    }
    const [beyond, loaded] = [new Label(), new Label()];
    // 64-bit sums of 32-bit numbers: nothing wraps, as in libpcap's bpf_filter.
    asm.emit(ebpf.alu32('mov', ebpf.R3, load.offset));
    if (load.index !== undefined) asm.emit(ebpf.alu64Register('add', ebpf.R3, load.index));
    asm.emit(ebpf.alu64Register('mov', ebpf.R1, ebpf.R3), ebpf.alu64('add', ebpf.R1, load.size));
    asm.emit(ebpf.load(8, ebpf.R2, ebpf.FP, this.at.linear));
    asm.jumpTo(beyond, ebpf.jump64Register('jsgt', ebpf.R1, ebpf.R2));
    asm.emit(ebpf.alu64Register('add', ebpf.R3, DATA));
    this.loadFrom(load.size, dst);
    asm.bind(loaded);
    this.putOff(() => {
      asm.bind(beyond);
      this.callPacketWord(load.offset, load.index);
      asm.emit(ebpf.alu64Register('mov', ebpf.R1, ebpf.R0), ebpf.alu64('rsh', ebpf.R1, 32));
      asm.jumpTo(this.reject, ebpf.jump64('jlt', ebpf.R1, load.size));
      asm.emit(ebpf.alu32Register('mov', dst, ebpf.R0));
      if (load.size === 1) asm.emit(ebpf.alu32('and', dst, 0xff));
      else asm.emit(ebpf.fromBigEndian(dst, load.size));
      asm.jumpTo(loaded, ebpf.jump());
    });
  }

  /** The bytes at the address in R3, which are linear ones. */
  private loadFrom(size: LoadSize, dst: number): void {
    const { asm, direct } = this;
    if (direct === undefined) {
      asm.emit(ebpf.alu64('mov', ebpf.R2, size));
      this.read(this.at.scratch);
      loadAligned(asm, size, dst, this.at.scratch);
      return;
    }
    asm.emit(ebpf.alu64Register('mov', ebpf.R1, ebpf.R3));
    this.cast(direct);
    asm.emit(ebpf.load(size, dst, ebpf.R0, direct.bytesAt));
    if (size !== 1) asm.emit(ebpf.fromBigEndian(dst, size));
  }

  private putOff(emit: () => void): void {
    if (this.outOfLine.length === 0) this.oldestAt = this.asm.instructions.length;
    this.outOfLine.push(emit);
  }

  /** To be called before each operation: emits what was put off before it is too far away to jump to. */
  beforeOperation(): void {
    const { asm } = this;
    if (this.outOfLine.length === 0 || asm.instructions.length - this.oldestAt < PUT_OFF_DISTANCE) return;
    const over = new Label();
    const last = asm.instructions.at(-1);
    if (last !== undefined && ebpf.fallsThrough(last)) asm.jumpTo(over, ebpf.jump());
    this.epilogue();
    asm.bind(over);
  }

  /** Emits the rest of what was put off, behind the program. */
  epilogue(): void {
    for (const emit of this.outOfLine.splice(0)) emit();
  }

  /** packet_word(skb, position): up to 4 bytes in the low half of R0, how many they are in the upper half. */
  private callPacketWord(offset: number, index: number | undefined): void {
    const { asm } = this;
    asm.emit(ebpf.alu32('mov', ebpf.R2, offset));
    if (index !== undefined) asm.emit(ebpf.alu64Register('add', ebpf.R2, index));
    asm.emit(ebpf.load(8, ebpf.R1, ebpf.FP, this.at.linear));
    asm.emit(ebpf.alu64Register('sub', ebpf.R2, ebpf.R1));
    asm.emit(ebpf.load(8, ebpf.R1, ebpf.FP, this.at.paged), ebpf.callExternal());
  }

  /** bpf_probe_read_kernel of R2 bytes from R3 to the stack; a fault rejects the packet. */
  private read(to: number): void {
    const { asm } = this;
    asm.emit(ebpf.alu64Register('mov', ebpf.R1, ebpf.FP), ebpf.alu64('add', ebpf.R1, to));
    asm.emit(ebpf.call(ebpf.Helper.probeReadKernel));
    asm.jumpTo(this.reject, ebpf.jump64('jne', ebpf.R0, 0));
  }
}

/** A big-endian load from the stack, in aligned pieces: the verifier allows no others there. Uses R1. */
function loadAligned(asm: Assembler, size: LoadSize, dst: number, at: number): void {
  let piece = size;
  while (at % piece !== 0) piece = piece === 4 ? 2 : 1;
  for (let done = 0; done < size; done += piece) {
    const to = done === 0 ? dst : ebpf.R1;
    asm.emit(ebpf.load(piece, to, ebpf.FP, at + done));
    if (piece !== 1) asm.emit(ebpf.fromBigEndian(to, piece));
    if (done > 0) asm.emit(ebpf.alu32('lsh', dst, piece * 8), ebpf.alu32Register('or', dst, ebpf.R1));
  }
}
