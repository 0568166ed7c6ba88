/** Texts that wait for their turn, first in, first out. Taking the first costs the same however many there are. */
export class TextQueue {
  #texts: string[] = []
  #first = 0
  /** Characters of all. */
  size = 0

  get length(): number {
    return this.#texts.length - this.#first
  }

  push(text: string): void {
    this.#texts.push(text)
    this.size += text.length
  }

  /** The first `count`, or as many as there are. */
  take(count: number): string[] {
    const taken = this.#texts.slice(this.#first, this.#first + count)
    for (const text of taken) this.size -= text.length
    this.#first += taken.length
    // Half of the list is behind us: copying the rest is paid for by those that went.
    if (this.#first * 2 >= this.#texts.length) {
      this.#texts = this.#texts.slice(this.#first)
      this.#first = 0
    }
    return taken
  }
}
