/** Bit n for a name of n characters; the last one for 31 and more. */
export function lengthBit(length: number): number {
  return 1 << (length < 31 ? length : 31)
}

/** Names of header fields looked for all at once: a message mostly has none of them, and their lengths already tell. */
export class FieldNames {
  /** Of all names. */
  readonly lengths: number
  readonly #byLength: readonly (readonly string[])[]

  constructor(names: Iterable<string>) {
    const byLength: string[][] = []
    let lengths = 0
    for (const name of new Set(Array.from(names, n => n.toLowerCase()))) {
      ;(byLength[name.length] ??= []).push(name)
      lengths |= lengthBit(name.length)
    }
    this.lengths = lengths
    this.#byLength = Array.from(byLength, list => list ?? [])
  }

  /** Names of `length` characters, in lower case. */
  ofLength(length: number): readonly string[] {
    return this.#byLength[length] ?? []
  }
}
