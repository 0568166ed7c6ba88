/**
 * Takes a JSON export apart while it arrives: the members of the top object one by one, lists item by item, `extensions`
 * extension by extension. An export of any size costs the memory of its greatest item.
 *
 * Only the outline is checked here; each part is JSON text that its receiver parses.
 */

/** The export cannot be read. The message quotes nothing of it: exports hold secrets. */
export class NotAnExport extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NotAnExport'
  }
}

export interface Part {
  readonly section: string
  /** Position in a list, name of an extension, or null: the whole value of the section. */
  readonly place: number | string | null
  readonly value: unknown
}

export interface SplitterLimits {
  /** Bytes of one part. */
  readonly maxPart: number
  readonly maxDepth: number
}

/** What is being split: the top object, or a list or object in it. */
interface Frame {
  readonly list: boolean
  readonly name: string
  items: number
  /** Names of an object so far. */
  readonly places: Set<string>
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

export class ItemSplitter {
  readonly #receive: (part: Part) => void
  readonly #limits: SplitterLimits
  readonly #seen = new Set<string>()
  #state: 'before' | 'inside' | 'after' = 'before'
  #depth = 0
  #inString = false
  #escaped = false
  /** The list or object being split below the top one. */
  #inner: Frame | null = null
  /** Its end has come: nothing but the next member may follow. */
  #innerDone = false
  #parts: Buffer[] = []
  #size = 0

  constructor(receive: (part: Part) => void, limits: SplitterLimits) {
    this.#receive = receive
    this.#limits = limits
  }

  /** Throws `NotAnExport`, or what the receiver throws. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === backslash) this.#escaped = true
        else if (byte === quote) this.#inString = false
        continue
      }
      if (this.#state !== 'inside') {
        start = i + 1
        this.#outside(byte)
        continue
      }
      if (byte === quote) this.#inString = true
      else if (byte === comma || isClosing(byte)) {
        if (byte !== comma) this.#depth--
        if (!this.#ends(byte)) continue
        this.#keep(bytes.subarray(start, i))
        start = i + 1
        this.#cut(byte)
      } else if (byte === openList || byte === openObject) {
        if (++this.#depth > this.#limits.maxDepth) throw new NotAnExport('it is nested too deeply')
        if (this.#depth !== 2 || this.#inner !== null) continue
        const name = this.#splits(byte, bytes.subarray(start, i))
        if (name === null) continue
        this.#inner = { list: byte === openList, name, items: 0, places: new Set() }
        start = i + 1
      }
    }
    this.#keep(bytes.subarray(Math.min(start, bytes.length)))
  }

  /** Nothing follows. Throws `NotAnExport` when something is missing. */
  end(): void {
    if (this.#state === 'before') throw new NotAnExport('it is empty')
    if (this.#state === 'inside') throw new NotAnExport(`it ends too early${this.#place()}`)
  }

  /** Where it ends, for people. */
  #place(): string {
    if (this.#inner !== null && !this.#innerDone) return `, in ${this.#inner.name}.${this.#inner.items}`
    const text = Buffer.concat(this.#parts).toString('utf8', 0, 200)
    const name = /^\s*"(\w{1,80})"\s*:/.exec(text)?.[1]
    return name === undefined ? '' : `, in ${name}`
  }

  #outside(byte: number): void {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) return
    // A byte order mark, as editors leave it.
    if (this.#state === 'before' && (byte === 0xef || byte === 0xbb || byte === 0xbf)) return
    if (this.#state === 'after') throw new NotAnExport('something follows its end')
    if (byte !== openObject) throw new NotAnExport('it is no JSON object')
    this.#state = 'inside'
    this.#depth = 1
  }

  /** True when the byte ends a part: of the top object (depth 1), or of what is split in it (depth 2). */
  #ends(byte: number): boolean {
    const level = this.#inner === null || this.#innerDone ? 1 : 2
    return byte === comma ? this.#depth === level : this.#depth === level - 1
  }

  #cut(byte: number): void {
    const text = this.#taken()
    if (this.#inner !== null && !this.#innerDone) {
      this.#item(this.#inner, text, byte)
      if (byte !== comma) this.#innerDone = true
      return
    }
    if (this.#innerDone) {
      if (text !== '') throw new NotAnExport(`something follows the end of ${this.#inner!.name}`)
      this.#inner = null
      this.#innerDone = false
    } else if (text !== '') this.#member(text)
    else if (byte === comma || this.#seen.size > 0) throw new NotAnExport('a member is missing')
    if (byte === comma) return
    if (byte !== closeObject) throw new NotAnExport('it is not JSON')
    this.#state = 'after'
  }

  #member(text: string): void {
    const [name, value] = memberOf(text, 'it')
    this.#see(name)
    this.#receive({ section: name, place: null, value })
  }

  #item(frame: Frame, text: string, byte: number): void {
    const { list, name } = frame
    if (byte !== comma && byte !== (list ? closeList : closeObject))
      throw new NotAnExport(`${name} is not JSON`)
    if (text === '') {
      if (byte !== comma && frame.items === 0) return
      throw new NotAnExport(`an item of ${name} is missing`)
    }
    const at = frame.items++
    if (list) {
      const value = parsed(text, `${name}.${at}`)
      this.#receive({ section: name, place: at, value })
      return
    }
    const [place, value] = memberOf(text, name)
    if (frame.places.has(place)) throw new NotAnExport(`${name} has a name twice`)
    frame.places.add(place)
    this.#receive({ section: name, place, value })
  }

  /** The name of the member that begins, when its value is to be split. */
  #splits(byte: number, text: Buffer): string | null {
    this.#keep(text)
    const kept = Buffer.concat(this.#parts).toString().trim()
    if (!kept.endsWith(':')) throw new NotAnExport('it is not JSON')
    const name = parsed(kept.slice(0, -1), 'a name')
    if (typeof name !== 'string') throw new NotAnExport('it is not JSON')
    if (byte === openObject && name !== 'extensions') {
      // Kept with what follows.
      this.#size -= text.length
      if (text.length > 0) this.#parts.pop()
      return null
    }
    this.#see(name)
    this.#parts = []
    this.#size = 0
    return name
  }

  #see(name: string): void {
    if (this.#seen.has(name)) throw new NotAnExport(`${JSON.stringify(name.slice(0, 100))} is there twice`)
    this.#seen.add(name)
  }

  #keep(part: Buffer): void {
    if (part.length === 0 || this.#state !== 'inside') return
    this.#size += part.length
    if (this.#size > this.#limits.maxPart)
      throw new NotAnExport(`one of its parts is longer than ${this.#limits.maxPart} bytes`)
    // What a chunk holds is valid only during the call.
    this.#parts.push(Buffer.from(part))
  }

  #taken(): string {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#parts = []
    this.#size = 0
    return textOf(bytes).trim()
  }
}

function isClosing(byte: number): boolean {
  return byte === closeList || byte === closeObject
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Throws `NotAnExport` when the bytes are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new NotAnExport('it is not UTF-8')
  }
}

function memberOf(text: string, what: string): [string, unknown] {
  const entries = Object.entries(parsed(`{${text}}`, what) as object)
  if (entries.length !== 1) throw new NotAnExport(`${what} is not JSON`)
  return entries[0]!
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new NotAnExport(`${what} is not JSON`)
  }
}
