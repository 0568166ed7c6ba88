/** Lines as bytes, ended by CR LF, in memory that is used again and again: one copy, and no page is fetched anew. */

/** Memory that is kept between two uses, bytes. */
const KEPT = 1024 * 1024
/** Bytes of one UTF-16 unit at most. */
const WIDEST = 3

export class LineBuffer {
  #memory = Buffer.allocUnsafeSlow(0)

  /** The lines as UTF-8. What was given before must not be read any more. */
  fill(lines: readonly string[]): Buffer {
    let most = 0
    for (const line of lines) most += line.length * WIDEST + 2
    const memory = this.#withRoom(most)
    let size = 0
    for (const line of lines) {
      size += memory.write(line, size)
      memory[size++] = 13
      memory[size++] = 10
    }
    return memory.subarray(0, size)
  }

  #withRoom(most: number): Buffer {
    if (this.#memory.length >= most) return this.#memory
    const memory = Buffer.allocUnsafeSlow(most)
    if (most <= KEPT) this.#memory = memory
    return memory
  }
}
