/**
 * Header fields of one message, in order and in their original case, looked up without case.
 *
 * A parsed head stays one text; a field is four offsets into it. Unchanged neighbours go out as one slice, a changed
 * field is written to the end of the text and its offsets moved there. Values are latin1: byte for byte what came in.
 * Fields that belong to one connection (framing, `Connection` and what it names) can be read but are never written out:
 * every hop computes its own (law 4).
 */
import { FIELD_VALUE, TCHAR } from './chars.ts'

/** Offsets of a field: name start, name end, value start, value end. */
const STRIDE = 4

/** A name that is no token or a value with a control character: refused when set, so that nothing can be smuggled. */
export class InvalidHeader extends Error {
  constructor(name: string) {
    super(`header field ${JSON.stringify(name)} has an invalid name or value`)
    this.name = 'InvalidHeader'
  }
}

/** Lower-case names of fields that never cross a hop (RFC 9110, 7.6.1) or that frame the message. */
const PER_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export class HeaderBlock implements Iterable<[string, string]> {
  #text: string
  #marks: number[]
  /** Bit per field (first 31 only, above that `#hops` counts): field stays on this hop. */
  #hop: Set<number> | null
  /** False when some line does not end right behind its value, so that lines cannot go out as slices of several. */
  #regular: boolean

  /** `marks` holds four offsets per field; `hop` the indexes of fields that stay on this hop. Owned by the block. */
  constructor(text = '', marks: number[] = [], hop: Set<number> | null = null, regular = true) {
    this.#text = text
    this.#marks = marks
    this.#hop = hop
    this.#regular = regular
  }

  static from(fields: Iterable<readonly [string, string]>): HeaderBlock {
    const block = new HeaderBlock()
    for (const [name, value] of fields) block.append(name, value)
    return block
  }

  get size(): number {
    return this.#marks.length / STRIDE
  }

  /** Value of the first field with this name, which must be given in lower case. */
  get(name: string): string | undefined {
    const at = this.#find(name, 0)
    return at < 0 ? undefined : this.#value(at)
  }

  getAll(name: string): string[] {
    const values: string[] = []
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + STRIDE))
      values.push(this.#value(at))
    return values
  }

  has(name: string): boolean {
    return this.#find(name, 0) >= 0
  }

  /** Replaces the first field of this name (any case) in place and removes the others; appends when there is none. */
  set(name: string, value: string): void {
    const lower = name.toLowerCase()
    const first = this.#find(lower, 0)
    if (first < 0) {
      this.append(name, value)
      return
    }
    checkField(name, value)
    this.#remove(lower, first + STRIDE)
    this.#write(first, name, value)
    this.#hop?.delete(first / STRIDE)
    if (PER_HOP.has(lower)) this.#keepHere(first / STRIDE)
  }

  /** Adds a field behind the others. Throws `InvalidHeader`. */
  append(name: string, value: string): void {
    checkField(name, value)
    const at = this.#marks.length
    this.#write(at, name, value)
    if (PER_HOP.has(name.toLowerCase())) this.#keepHere(at / STRIDE)
  }

  /** Removes every field of this name, any case. */
  delete(name: string): void {
    this.#remove(name.toLowerCase(), 0)
  }

  clone(): HeaderBlock {
    return new HeaderBlock(
      this.#text,
      this.#marks.slice(),
      this.#hop === null ? null : new Set(this.#hop),
      this.#regular,
    )
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (let at = 0; at < this.#marks.length; at += STRIDE) yield [this.#name(at), this.#value(at)]
  }

  /** Fields that cross the hop, as pairs. */
  endToEnd(): [string, string][] {
    const fields: [string, string][] = []
    for (let at = 0; at < this.#marks.length; at += STRIDE) {
      if (this.#hop === null || !this.#hop.has(at / STRIDE)) fields.push([this.#name(at), this.#value(at)])
    }
    return fields
  }

  /** The end-to-end fields as HTTP/1.1 lines, each ended by CRLF. */
  wire(): string {
    const marks = this.#marks
    const hop = this.#hop
    let out = ''
    let start = -1
    let end = -1
    for (let at = 0; at < marks.length; at += STRIDE) {
      if (hop?.has(at / STRIDE)) continue
      const from = marks[at]!
      const to = marks[at + 3]! + 2
      if (!this.#regular) out += `${this.#text.slice(from, to - 2)}\r\n`
      else if (from === end) end = to
      else {
        if (start >= 0) out += this.#text.slice(start, end)
        start = from
        end = to
      }
    }
    return start >= 0 ? out + this.#text.slice(start, end) : out
  }

  /** Index of the first field from offset `from` on, or -1. */
  #find(name: string, from: number): number {
    const marks = this.#marks
    const length = name.length
    for (let at = from; at < marks.length; at += STRIDE) {
      if (marks[at + 1]! - marks[at]! === length && this.#named(marks[at]!, name)) return at
    }
    return -1
  }

  #named(start: number, name: string): boolean {
    for (let i = 0; i < name.length; i++) {
      let code = this.#text.charCodeAt(start + i)
      if (code >= 65 && code <= 90) code |= 32
      if (code !== name.charCodeAt(i)) return false
    }
    return true
  }

  #name(at: number): string {
    return this.#text.slice(this.#marks[at], this.#marks[at + 1])
  }

  #value(at: number): string {
    return this.#text.slice(this.#marks[at + 2], this.#marks[at + 3])
  }

  #write(at: number, name: string, value: string): void {
    const start = this.#text.length
    const valueStart = start + name.length + 2
    this.#text += `${name}: ${value}\r\n`
    this.#marks[at] = start
    this.#marks[at + 1] = start + name.length
    this.#marks[at + 2] = valueStart
    this.#marks[at + 3] = valueStart + value.length
  }

  #remove(lower: string, from: number): void {
    for (let at = this.#find(lower, from); at >= 0; at = this.#find(lower, at)) {
      this.#marks.splice(at, STRIDE)
      if (this.#hop === null) continue
      const index = at / STRIDE
      const shifted = new Set<number>()
      for (const i of this.#hop) if (i !== index) shifted.add(i > index ? i - 1 : i)
      this.#hop = shifted
    }
  }

  #keepHere(index: number): void {
    this.#hop ??= new Set()
    this.#hop.add(index)
  }
}

/** Throws `InvalidHeader` unless the pair may stand in a head. */
export function checkField(name: string, value: string): void {
  let clean = name.length > 0
  for (let i = 0; clean && i < name.length; i++)
    clean = name.charCodeAt(i) < 128 && TCHAR[name.charCodeAt(i)] === 1
  for (let i = 0; clean && i < value.length; i++)
    clean = value.charCodeAt(i) < 256 && FIELD_VALUE[value.charCodeAt(i)] === 1
  if (!clean) throw new InvalidHeader(name)
}
