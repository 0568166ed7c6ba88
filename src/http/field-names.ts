/** Names of header fields looked for all at once: a message mostly has none of them, and their lengths already tell. */
export class FieldNames {
  /** Bit n: some name has n characters; bit 31: 31 or more. */
  readonly lengths: number
  readonly #byLength: readonly (readonly string[])[]

  constructor(names: Iterable<string>) {
    const byLength: string[][] = []
    let lengths = 0
    for (const name of new Set(Array.from(names, n => n.toLowerCase()))) {
      ;(byLength[name.length] ??= []).push(name)
      lengths |= 1 << Math.min(name.length, 31)
    }
    this.lengths = lengths
    this.#byLength = Array.from(byLength, list => list ?? [])
  }

  /** Names of `length` characters, in lower case. */
  ofLength(length: number): readonly string[] {
    return this.#byLength[length] ?? []
  }
}
