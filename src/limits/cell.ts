/** Handles of single shared cells. Each operation is atomic over all threads; none allocates except where said. */

/** A 32-bit signed integer that all threads see. */
export interface Cell {
  /** False when the table was full: this thread counts alone. */
  readonly shared: boolean
  get(): number
  set(value: number): void
  /** Adds and answers the new value. Wraps around at ±2^31. */
  add(amount: number): number
  /** Writes `next` if the value is `expected`; answers whether it did. */
  compareExchange(expected: number, next: number): boolean
}

/** A 64-bit integer. Values beyond ±2^53 lose precision when read. */
export interface LongCell {
  readonly shared: boolean
  get(): number
  set(value: number): void
  add(amount: number): number
  compareExchange(expected: number, next: number): boolean
}

/** A double. */
export interface FloatCell {
  readonly shared: boolean
  get(): number
  set(value: number): void
  add(amount: number): number
  /** Compares bit patterns: -0 differs from 0. */
  compareExchange(expected: number, next: number): boolean
}

export class CellHandle implements Cell {
  readonly name: string
  readonly shared: boolean
  readonly #words: Int32Array
  readonly #at: number

  constructor(name: string, shared: boolean, words: Int32Array, at: number) {
    this.name = name
    this.shared = shared
    this.#words = words
    this.#at = at
  }

  get(): number {
    return Atomics.load(this.#words, this.#at)
  }

  set(value: number): void {
    Atomics.store(this.#words, this.#at, value)
  }

  add(amount: number): number {
    return (Atomics.add(this.#words, this.#at, amount) + amount) | 0
  }

  compareExchange(expected: number, next: number): boolean {
    return Atomics.compareExchange(this.#words, this.#at, expected, next) === expected
  }
}

export class LongHandle implements LongCell {
  readonly name: string
  readonly shared: boolean
  readonly #words: BigInt64Array
  readonly #at: number

  constructor(name: string, shared: boolean, words: BigInt64Array, at: number) {
    this.name = name
    this.shared = shared
    this.#words = words
    this.#at = at
  }

  get(): number {
    return Number(Atomics.load(this.#words, this.#at))
  }

  set(value: number): void {
    Atomics.store(this.#words, this.#at, whole(value))
  }

  add(amount: number): number {
    const added = whole(amount)
    return Number(BigInt.asIntN(64, Atomics.add(this.#words, this.#at, added) + added))
  }

  compareExchange(expected: number, next: number): boolean {
    const before = whole(expected)
    return Atomics.compareExchange(this.#words, this.#at, before, whole(next)) === before
  }
}

/** Scratch to read a double's bits; used within one synchronous call. */
const double = new Float64Array(1)
const bits = new BigInt64Array(double.buffer)

export class FloatHandle implements FloatCell {
  readonly name: string
  readonly shared: boolean
  readonly #words: BigInt64Array
  readonly #at: number

  constructor(name: string, shared: boolean, words: BigInt64Array, at: number) {
    this.name = name
    this.shared = shared
    this.#words = words
    this.#at = at
  }

  get(): number {
    return fromBits(Atomics.load(this.#words, this.#at))
  }

  set(value: number): void {
    Atomics.store(this.#words, this.#at, toBits(value))
  }

  add(amount: number): number {
    for (;;) {
      const before = Atomics.load(this.#words, this.#at)
      const sum = fromBits(before) + amount
      if (Atomics.compareExchange(this.#words, this.#at, before, toBits(sum)) === before) return sum
    }
  }

  compareExchange(expected: number, next: number): boolean {
    const before = toBits(expected)
    return Atomics.compareExchange(this.#words, this.#at, before, toBits(next)) === before
  }
}

function whole(value: number): bigint {
  return BigInt(Math.trunc(value))
}

function toBits(value: number): bigint {
  double[0] = value
  return bits[0]!
}

function fromBits(value: bigint): number {
  bits[0] = value
  return double[0]!
}
