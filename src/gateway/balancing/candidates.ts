/**
 * The list a strategy chooses from. Each target stands in it as many times as it weighs, but only on paper: sums of
 * weights and a binary search give the same choice as a list of copies would, whatever the weights.
 */
import type { CompiledTarget } from './target.ts'

export class Candidates {
  readonly targets: CompiledTarget[] = []
  /** `#ends[i]`: places of the first i+1 targets. */
  readonly #ends: number[] = []
  /** Places in all. */
  total = 0

  /** Targets of weight 0 are left out. */
  static of(targets: Iterable<CompiledTarget>): Candidates {
    const candidates = new Candidates()
    for (const target of targets) candidates.push(target)
    return candidates
  }

  get size(): number {
    return this.targets.length
  }

  push(target: CompiledTarget): void {
    if (target.weight === 0) return
    this.total += target.weight
    this.targets.push(target)
    this.#ends.push(this.total)
  }

  clear(): void {
    this.targets.length = 0
    this.#ends.length = 0
    this.total = 0
  }

  /** Target at a place of the list, 0 … total-1. */
  at(place: number): CompiledTarget {
    return this.targets[this.indexAt(place)]!
  }

  /** Index in `targets` of the target at a place. */
  indexAt(place: number): number {
    if (this.total === this.targets.length) return place
    let low = 0
    let high = this.#ends.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle]! > place) high = middle
      else low = middle + 1
    }
    return low
  }

  /** First place of the target at `index`. */
  startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!
  }
}
