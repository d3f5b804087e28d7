import { EventExtra, StackSectionLayout } from '../../../common/layouts.ts';
import { findExtra, stackFrames, stackId } from './sections.ts';

/** Stacks that are remembered; those that came longest ago are forgotten. They repeat: a busy host has some thousands. */
const STACKS = 65_536;

/** Frames of stacks, which the target tells once each. */
export class StackTable {
  readonly #frames = new Map<number, Uint32Array>();

  /** Takes the frames that an event tells. @param at where its extras begin */
  note(words: Uint32Array, at: number): void {
    const section = findExtra(words, at, EventExtra.Stack);
    if (section === undefined) return;
    const count = stackFrames(words, section);
    if (count === 0) return;
    const start = section + StackSectionLayout.bytes / 4;
    this.#frames.set(stackId(words, section), words.slice(start, start + count));
    if (this.#frames.size <= STACKS) return;
    const [oldest] = this.#frames.keys();
    if (oldest !== undefined) this.#frames.delete(oldest);
  }

  /** Low 32 bits of each address, innermost first. */
  frames(id: number): Uint32Array | undefined {
    return this.#frames.get(id);
  }
}
