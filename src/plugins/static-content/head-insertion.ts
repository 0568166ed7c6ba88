/**
 * Puts an element into the head of an HTML page while the page streams through.
 *
 * Guarantees: the element is inserted exactly once; every other byte passes unchanged; nothing is kept but the few bytes
 * behind a `<`. It stands behind what may come before it (space, comments, the doctype, `<html …>`, `<head …>`), so in the
 * head of the page even when the page writes no head. Fit for encodings in which ASCII is ASCII, so not for UTF-16.
 */
import type { BodyTransform } from '../../plugin/index.ts'

const LT = 0x3c
const GT = 0x3e
const DASH = 0x2d
const EQUALS = 0x3d

/** Where the page is at: between elements, behind `<`, in a tag or declaration, in a comment; then nothing is looked at. */
type State = 'between' | 'opening' | 'tag' | 'comment' | 'done'

/** Longest text behind `<` that must be seen to know what it opens: `html` or `head` and what ends the name. */
const NAME = 5

export class HeadInsertion implements BodyTransform {
  readonly #element: Buffer
  #state: State = 'between'
  /** `<` and what follows, until it is known what it opens. */
  #held = ''
  /** The quote an attribute value is in; 0 for none. */
  #quote = 0
  /** Quotes count: they do not in a declaration. */
  #quotes = false
  /** The last byte of the tag that is no space: a quote opens a value only behind `=`. */
  #last = 0
  /** Dashes in a row before this byte of a comment. */
  #dashes = 0
  #isHead = false
  /** A byte order mark may stand at the very beginning. */
  #at = 0

  /** `element`: HTML in ASCII. */
  constructor(element: string) {
    this.#element = Buffer.from(element)
  }

  push(chunk: Buffer): Buffer | null {
    if (this.#state === 'done') return chunk
    const held = this.#held
    for (let i = 0; i < chunk.length; i++) {
      const before = this.#step(chunk[i]!)
      if (before === null) continue
      this.#state = 'done'
      this.#held = ''
      // The place is behind this byte, or before the `<` that may lie in an earlier chunk.
      const whole = held === '' ? chunk : Buffer.concat([Buffer.from(held, 'latin1'), chunk])
      const place = held.length + i + 1 - before
      return Buffer.concat([whole.subarray(0, place), this.#element, whole.subarray(place)])
    }
    const out = held === '' ? chunk : Buffer.concat([Buffer.from(held, 'latin1'), chunk])
    return this.#held === '' ? out : out.subarray(0, out.length - this.#held.length)
  }

  end(): Buffer | null {
    if (this.#state === 'done') return null
    this.#state = 'done'
    return Buffer.concat([Buffer.from(this.#held, 'latin1'), this.#element])
  }

  /** Null: go on. A number: the place is so many bytes before the end of this one. */
  #step(byte: number): number | null {
    if (this.#state === 'between') return this.#between(byte)
    if (this.#state === 'opening') return this.#opening(byte)
    return this.#state === 'tag' ? this.#tag(byte) : this.#comment(byte)
  }

  #between(byte: number): number | null {
    const at = this.#at++
    if (byte === LT) {
      this.#state = 'opening'
      this.#held = '<'
      return null
    }
    const mark = at < 3 && byte === [0xef, 0xbb, 0xbf][at]
    return mark || isSpace(byte) ? null : 1
  }

  #opening(byte: number): number | null {
    this.#held += String.fromCharCode(byte)
    const text = this.#held.slice(1).toLowerCase()
    if (text.startsWith('!') || text.startsWith('?')) {
      if (text === '!' || text === '!-') return null
      if (text === '!--') {
        this.#state = 'comment'
        // `<!-->` is a whole comment.
        this.#dashes = 2
        this.#held = ''
        return null
      }
      return this.#enter(byte, false)
    }
    if (text.length < NAME) return /^(?:h|ht|htm|html|he|hea|head)$/.test(text) ? null : this.#held.length
    if (!/^(?:html|head)[\s/>]$/.test(text)) return this.#held.length
    this.#isHead = text.startsWith('head')
    return this.#enter(byte, true)
  }

  #enter(byte: number, quotes: boolean): number | null {
    this.#state = 'tag'
    this.#held = ''
    this.#quotes = quotes
    this.#quote = 0
    this.#last = 0
    return this.#tag(byte)
  }

  #tag(byte: number): number | null {
    if (this.#quote !== 0) {
      if (byte === this.#quote) this.#quote = 0
    } else if (byte === GT) return this.#closed(this.#isHead)
    else if (this.#quotes && this.#last === EQUALS && (byte === 0x22 || byte === 0x27)) this.#quote = byte
    if (!isSpace(byte)) this.#last = byte
    return null
  }

  #comment(byte: number): number | null {
    if (byte === GT && this.#dashes >= 2) return this.#closed(false)
    this.#dashes = byte === DASH ? this.#dashes + 1 : 0
    return null
  }

  #closed(head: boolean): number | null {
    this.#state = 'between'
    this.#held = ''
    return head ? 0 : null
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 9 && byte <= 13)
}
