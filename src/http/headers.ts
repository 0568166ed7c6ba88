/**
 * Header fields of one message, in order and in their original case, looked up without case.
 *
 * A parsed head stays one text; fields are ranges in it until somebody asks or changes something, and unchanged
 * neighbours go out as one slice. Values are latin1 text, byte for byte what came in.
 */

/** Offsets of one parsed field in the head text: name start, name end, value start, value end. */
const STRIDE = 4

/** A name that is no token or a value with a control character: refused when set, so that nothing can be smuggled. */
export class InvalidHeader extends Error {
  constructor(name: string) {
    super(`header field ${JSON.stringify(name)} has an invalid name or value`)
    this.name = 'InvalidHeader'
  }
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const CLEAN = /^[\t\x20-\x7e\x80-\xff]*$/

export class HeaderBlock implements Iterable<[string, string]> {
  #text: string
  #ranges: Uint16Array | number[]
  #size: number
  /** Fields as pairs once somebody changed something; null while the parsed ranges are the truth. */
  #fields: [string, string][] | null

  constructor(text = '', ranges: Uint16Array | number[] = [], size = 0) {
    this.#text = text
    this.#ranges = ranges
    this.#size = size
    this.#fields = size === 0 ? [] : null
  }

  static from(fields: Iterable<readonly [string, string]>): HeaderBlock {
    const block = new HeaderBlock()
    for (const [name, value] of fields) block.append(name, value)
    return block
  }

  get size(): number {
    return this.#fields === null ? this.#size : this.#fields.length
  }

  /** Value of the first field with this name, which must be lower case. */
  get(name: string): string | undefined {
    for (const [field, value] of this.#list())
      if (field.length === name.length && field.toLowerCase() === name) return value
    return undefined
  }

  getAll(name: string): string[] {
    const values: string[] = []
    for (const [field, value] of this.#list())
      if (field.length === name.length && field.toLowerCase() === name) values.push(value)
    return values
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Replaces the first field of this name (any case) in place and removes the others; appends when there is none. */
  set(name: string, value: string): void {
    check(name, value)
    const lower = name.toLowerCase()
    const fields = this.#list()
    const first = fields.findIndex(f => f[0].toLowerCase() === lower)
    if (first < 0) fields.push([name, value])
    else {
      this.delete(name, first + 1)
      fields[first] = [name, value]
    }
  }

  append(name: string, value: string): void {
    check(name, value)
    this.#list().push([name, value])
  }

  /** Removes every field of this name, any case. */
  delete(name: string, from = 0): void {
    const lower = name.toLowerCase()
    const fields = this.#list()
    for (let i = fields.length - 1; i >= from; i--)
      if (fields[i]![0].toLowerCase() === lower) fields.splice(i, 1)
  }

  clone(): HeaderBlock {
    const copy = new HeaderBlock(this.#text, this.#ranges, this.#size)
    copy.#fields = this.#fields === null ? null : this.#fields.map(f => [f[0], f[1]])
    return copy
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#list()[Symbol.iterator]()
  }

  #list(): [string, string][] {
    if (this.#fields !== null) return this.#fields
    const fields: [string, string][] = []
    for (let i = 0; i < this.#size * STRIDE; i += STRIDE) {
      const r = this.#ranges
      fields.push([this.#text.slice(r[i], r[i + 1]), this.#text.slice(r[i + 2], r[i + 3])])
    }
    this.#fields = fields
    return fields
  }
}

function check(name: string, value: string): void {
  if (!TOKEN.test(name) || !CLEAN.test(value)) throw new InvalidHeader(name)
}
