import { AgentFailure } from '../errors.ts';
import { jump, type Instruction } from './ebpf.ts';

/** A place in the program that jumps name before its address is known. */
export class Label {
  /** Index of the instruction it stands before; undefined until bound. */
  position: number | undefined;
  /** Jumps that wait for it, in order. */
  readonly waiting: number[] = [];
}

const MAX_DISTANCE = 0x7fff;
/** A jump that has waited this long gets an intermediate stop; the rest is room for the stops themselves. */
const STOP_DISTANCE = 0x6000;

function tooFar(distance: number): AgentFailure {
  return new AgentFailure(
    'bad-filter',
    `The filter is too large for the kernel: a jump over ${distance} instructions, and ${MAX_DISTANCE} are possible.`,
    'Shorten the filter, for example with "net" instead of many hosts.',
  );
}

/**
 * Collects instructions and resolves jumps. A jump reaches 32,767 instructions; longer ones
 * forward are continued by intermediate jumps that the assembler puts between instructions where needed.
 */
export class Assembler {
  readonly instructions: Instruction[] = [];
  private readonly pending = new Set<Label>();
  /** No pending jump is older than this. */
  private oldest = Infinity;

  emit(...instructions: Instruction[]): void {
    for (const instruction of instructions) {
      this.makeStops();
      this.instructions.push(instruction);
    }
  }

  /** Emits a jump (conditional or not). */
  jumpTo(label: Label, instruction: Instruction): void {
    this.makeStops();
    if (label.position === undefined) this.wait(label, instruction);
    else this.jumpBack(label.position, instruction);
  }

  /** The label stands for the next instruction. */
  bind(label: Label): void {
    const position = this.instructions.length;
    label.position = position;
    this.pending.delete(label);
    this.resolve(label.waiting.splice(0), position);
  }

  private jumpBack(to: number, instruction: Instruction): void {
    const distance = this.instructions.length + 1 - to;
    if (distance > MAX_DISTANCE) throw tooFar(distance);
    this.instructions.push({ ...instruction, off: -distance });
  }

  private wait(label: Label, instruction: Instruction): void {
    const position = this.instructions.length;
    label.waiting.push(position);
    this.pending.add(label);
    this.oldest = Math.min(this.oldest, position);
    this.instructions.push({ ...instruction });
  }

  private resolve(jumps: readonly number[], position: number): void {
    for (const from of jumps) {
      const distance = position - from - 1;
      if (distance > MAX_DISTANCE) throw tooFar(distance);
      this.instructions[from]!.off = distance;
    }
  }

  /** Moves jumps that would become too long to a row of jumps here, which ordinary execution skips. */
  private makeStops(): void {
    const here = this.instructions.length;
    if (here - this.oldest < STOP_DISTANCE) return;
    this.oldest = Math.min(...[...this.pending].map((label) => label.waiting[0]!));
    if (here - this.oldest < STOP_DISTANCE) return;
    // Everything older than half the distance moves at once, so that stops stay rare.
    const moved: Label[] = [...this.pending].filter((label) => here - label.waiting[0]! >= STOP_DISTANCE / 2);
    this.instructions.push({ ...jump(), off: moved.length });
    for (const label of moved) {
      this.resolve(label.waiting.splice(0), this.instructions.length);
      this.wait(label, jump());
    }
    this.oldest = Math.min(...[...this.pending].map((label) => label.waiting[0]!));
  }
}
