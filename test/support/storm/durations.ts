/** Durations in milliseconds, and what lies below which share of them. */
export class Durations {
  #values: number[] = []
  #sorted = true

  add(milliseconds: number): void {
    this.#values.push(milliseconds)
    this.#sorted = false
  }

  get count(): number {
    return this.#values.length
  }

  /** `share` 0.99: the value that 99 % do not exceed. NaN when there is none. */
  at(share: number): number {
    if (!this.#sorted) this.#values.sort((a, b) => a - b)
    this.#sorted = true
    const { length } = this.#values
    return length === 0 ? Number.NaN : this.#values[Math.max(0, Math.ceil(length * share) - 1)]!
  }

  toString(): string {
    const [half, most, all] = [0.5, 0.99, 1].map(share => this.at(share).toFixed(1))
    return `p50 ${half} ms, p99 ${most} ms, max ${all} ms`
  }
}
