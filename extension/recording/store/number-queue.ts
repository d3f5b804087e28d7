/** 32-bit numbers, first in, first out; a ring that grows by doubling. */
export class NumberQueue {
  length = 0;
  #numbers = new Uint32Array(64);
  #first = 0;

  push(number: number): void {
    if (this.length === this.#numbers.length) this.#grow();
    this.#numbers[(this.#first + this.length++) & (this.#numbers.length - 1)] = number;
  }

  /** The oldest; it is there. */
  peek(): number {
    return this.#numbers[this.#first] ?? 0;
  }

  shift(): void {
    this.#first = (this.#first + 1) & (this.#numbers.length - 1);
    this.length--;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#numbers.length * 2);
    const toEnd = this.#numbers.subarray(this.#first);
    larger.set(toEnd);
    larger.set(this.#numbers.subarray(0, this.#first), toEnd.length);
    this.#numbers = larger;
    this.#first = 0;
  }
}
