/** Several sorted lists of numbers made one, by the names the numbers have. */

/** A sorted list and how far it was read. Names are asked for once, when they are needed. */
export class Run {
  readonly #numbers: Uint32Array
  readonly #nameOf: (number: number) => string
  #at = 0
  name: string

  /** `numbers` has at least one. */
  constructor(numbers: Uint32Array, nameOf: (number: number) => string) {
    this.#numbers = numbers
    this.#nameOf = nameOf
    this.name = nameOf(numbers[0]!)
  }

  get number(): number {
    return this.#numbers[this.#at]!
  }

  /** To the next one; false when there is none. */
  advance(): boolean {
    if (++this.#at === this.#numbers.length) return false
    this.name = this.#nameOf(this.#numbers[this.#at]!)
    return true
  }
}

export class Merge {
  /** A heap: no run has a name less than that of the run above it. */
  readonly #runs: Run[]

  constructor(runs: readonly Run[]) {
    this.#runs = [...runs]
    for (let i = (this.#runs.length >> 1) - 1; i >= 0; i--) this.#sink(i)
  }

  /** The number with the least name. Only while there is one. */
  next(): number {
    const first = this.#runs[0]!
    const { number } = first
    if (!first.advance()) {
      const last = this.#runs.pop()!
      if (this.#runs.length > 0) this.#runs[0] = last
    }
    this.#sink(0)
    return number
  }

  #sink(from: number): void {
    const runs = this.#runs
    for (let i = from; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < runs.length && runs[child]!.name < runs[least]!.name) least = child
      if (least === i) return
      const moved = runs[i]!
      runs[i] = runs[least]!
      runs[least] = moved
      i = least
    }
  }
}
