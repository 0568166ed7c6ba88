/**
 * Header fields of one message, in order and in their original case, looked up without case.
 *
 * A parsed head stays one text; a field is four offsets into it. Unchanged neighbours go out as one slice; a field that was
 * set keeps its strings beside the text, which is never written to. Values are latin1: byte for byte what came in.
 * Fields that belong to one connection (framing, `Connection` and what it names) can be read but are never written out:
 * every hop computes its own (law 4).
 */
import { FIELD_VALUE, TCHAR } from './chars.ts'
import { type FieldNames, lengthBit } from './field-names.ts'

/** Offsets of a field: name start, name end, value start, value end. One that was set has `~` its place in `#own` first. */
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
  readonly #text: string
  #marks: number[]
  /** Indexes of the fields that stay on this hop. */
  #hop: Set<number> | null
  /** False when some line does not end right behind its value, so that lines cannot go out as slices of several. */
  readonly #regular: boolean
  /** Fields that were set, three strings each: name in lower case, name, value. */
  #own: string[] | null = null
  /** The lists belong to a clone as well: copied before the first change. */
  #shared = false
  /** Lengths of the names, as `lengthBit` has them, those of removed fields included: most names that are not there need no search. */
  #lengths: number

  /**
   * `marks` holds four offsets per field; `hop` the indexes of fields that stay on this hop; `lengths` what `lengthBit` says of all
   * names. Owned by the block.
   */
  constructor(text = '', marks: number[] = [], hop: Set<number> | null = null, regular = true, lengths = 0) {
    this.#text = text
    this.#marks = marks
    this.#hop = hop
    this.#regular = regular
    this.#lengths = lengths
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

  /** True when a name or a value is longer than allowed, in bytes. */
  exceeds(maxName: number, maxValue: number): boolean {
    const marks = this.#marks
    for (let at = 0; at < marks.length; at += STRIDE) {
      const own = marks[at]! < 0
      const name = own ? this.#name(at).length : marks[at + 1]! - marks[at]!
      const value = own ? this.#value(at).length : marks[at + 3]! - marks[at + 2]!
      if (name > maxName || value > maxValue) return true
    }
    return false
  }

  /** Replaces the first field of this name (any case) in place and removes the others; appends when there is none. */
  set(name: string, value: string): void {
    const lower = lowerName(name)
    checkValue(name, value)
    const first = this.#find(lower, 0)
    if (first < 0) {
      this.#add(lower, name, value)
      return
    }
    this.#detach()
    this.#remove(lower, first + STRIDE)
    this.#write(first, lower, name, value)
    this.#hop?.delete(first / STRIDE)
    if (PER_HOP.has(lower)) this.#keepHere(first / STRIDE)
  }

  /** Adds a field behind the others. Throws `InvalidHeader`. */
  append(name: string, value: string): void {
    const lower = lowerName(name)
    checkValue(name, value)
    this.#add(lower, name, value)
  }

  /** Removes every field of this name, any case. */
  delete(name: string): void {
    this.#remove(knownNames.get(name) ?? name.toLowerCase(), 0)
  }

  /** Removes every field that has one of the names. */
  deleteAll(names: FieldNames): void {
    const { lengths } = names
    if ((lengths & this.#lengths) === 0) return
    for (let at = 0; at < this.#marks.length; ) {
      const start = this.#marks[at]!
      const length = start < 0 ? this.#own![~start]!.length : this.#marks[at + 1]! - start
      if ((lengths & lengthBit(length)) === 0 || !this.#removeIfNamed(at, names.ofLength(length)))
        at += STRIDE
    }
  }

  #removeIfNamed(at: number, names: readonly string[]): boolean {
    const start = this.#marks[at]!
    for (const name of names) {
      if (start < 0 ? this.#own![~start] !== name : !this.#named(start, name)) continue
      this.#remove(name, at)
      return true
    }
    return false
  }

  clone(): HeaderBlock {
    const copy = new HeaderBlock(this.#text, this.#marks, this.#hop, this.#regular, this.#lengths)
    copy.#own = this.#own
    copy.#shared = this.#shared = true
    return copy
  }

  #detach(): void {
    if (!this.#shared) return
    this.#shared = false
    this.#marks = this.#marks.slice()
    if (this.#hop !== null) this.#hop = new Set(this.#hop)
    if (this.#own !== null) this.#own = this.#own.slice()
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (let at = 0; at < this.#marks.length; at += STRIDE) yield [this.#name(at), this.#value(at)]
  }

  /** Shows every field in order: the same as iterating, without a pair for each. */
  visit(each: (name: string, value: string) => void): void {
    for (let at = 0; at < this.#marks.length; at += STRIDE) each(this.#name(at), this.#value(at))
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
    const text = this.#text
    let out = ''
    // The slice of untouched neighbours that is not written yet.
    let start = -1
    let end = -1
    for (let at = 0; at < marks.length; at += STRIDE) {
      if (hop?.has(at / STRIDE)) continue
      const from = marks[at]!
      const to = marks[at + 3]! + 2
      if (from >= 0 && from === end) {
        end = to
        continue
      }
      if (start >= 0) out += text.slice(start, end)
      start = end = -1
      if (from < 0) out += `${this.#own![~from + 1]}: ${this.#own![~from + 2]}\r\n`
      else if (!this.#regular) out += `${text.slice(from, to - 2)}\r\n`
      else {
        start = from
        end = to
      }
    }
    return start >= 0 ? out + text.slice(start, end) : out
  }

  /** Index of the first field from offset `from` on, or -1. */
  #find(name: string, from: number): number {
    const marks = this.#marks
    const length = name.length
    if ((this.#lengths & lengthBit(length)) === 0) return -1
    for (let at = from; at < marks.length; at += STRIDE) {
      const start = marks[at]!
      if (start < 0) {
        if (this.#own![~start] === name) return at
      } else if (marks[at + 1]! - start === length && this.#named(start, name)) return at
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
    const start = this.#marks[at]!
    return start < 0 ? this.#own![~start + 1]! : this.#text.slice(start, this.#marks[at + 1])
  }

  #value(at: number): string {
    const start = this.#marks[at]!
    return start < 0 ? this.#own![~start + 2]! : this.#text.slice(this.#marks[at + 2], this.#marks[at + 3])
  }

  #add(lower: string, name: string, value: string): void {
    this.#detach()
    this.#lengths |= lengthBit(lower.length)
    const at = this.#marks.length
    this.#write(at, lower, name, value)
    if (PER_HOP.has(lower)) this.#keepHere(at / STRIDE)
  }

  #write(at: number, lower: string, name: string, value: string): void {
    this.#own ??= []
    const marks = this.#marks
    const start = marks[at]
    if (start !== undefined && start < 0) {
      this.#own[~start + 1] = name
      this.#own[~start + 2] = value
      return
    }
    marks[at] = ~this.#own.length
    marks[at + 1] = 0
    marks[at + 2] = 0
    marks[at + 3] = 0
    this.#own.push(lower, name, value)
  }

  #remove(lower: string, from: number): void {
    for (let at = this.#find(lower, from); at >= 0; at = this.#find(lower, at)) {
      this.#detach()
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

/** Valid names seen, with their lower-case form: those that are set come from settings and are few. */
const knownNames = new Map<string, string>()
const MOST_KNOWN = 2000

/** The name in lower case. Throws `InvalidHeader` when it is no token. */
function lowerName(name: string): string {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  let clean = name.length > 0
  for (let i = 0; clean && i < name.length; i++)
    clean = name.charCodeAt(i) < 128 && TCHAR[name.charCodeAt(i)] === 1
  if (!clean) throw new InvalidHeader(name)
  const lower = name.toLowerCase()
  if (knownNames.size < MOST_KNOWN) knownNames.set(name, lower)
  return lower
}

function checkValue(name: string, value: string): void {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code > 255 || FIELD_VALUE[code] !== 1) throw new InvalidHeader(name)
  }
}

/** Throws `InvalidHeader` unless the pair may stand in a head. */
export function checkField(name: string, value: string): void {
  lowerName(name)
  checkValue(name, value)
}
