/**
 * Puts texts into an HTML page while it streams through: behind `<head …>` and `<body …>`, before `</head>` and `</body>`.
 *
 * Guarantees: each text is put in once, at the first tag that is one: not inside of comments, scripts, styles, titles or
 * attribute values; every other byte passes unchanged; nothing is kept but the few bytes behind a `<`. For encodings in which ASCII is ASCII.
 */
import type { BodyTransform } from '../../plugin/index.ts'

/** What is put where; empty texts are not. */
export interface Insertions {
  readonly headStart: Buffer
  readonly headEnd: Buffer
  readonly bodyStart: Buffer
  readonly bodyEnd: Buffer
}

const LT = 0x3c
const GT = 0x3e
const DASH = 0x2d
const EQUALS = 0x3d
const NOTHING = Buffer.alloc(0)

/** Longest name that matters. */
const LONGEST_NAME = 9

/** Elements whose content is text until their end tag. */
const RAW = new Set([
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
  'noscript',
])

/** `opening`: behind `<`, until it is known what it opens. `declaration`: up to the next `>`. */
type State = 'text' | 'opening' | 'tag' | 'declaration' | 'comment' | 'raw'

export class HtmlInsertions implements BodyTransform {
  readonly #left: Map<string, Buffer>
  #state: State = 'text'
  /** `<` and what follows, until it is known what it opens. Not sent yet. */
  #held = ''
  /** Name of the tag that is read; with `/` in front for end tags. */
  #name = ''
  /** The element whose raw content is read. */
  #raw = ''
  #quote = 0
  /** Last byte of the tag that is no space: a quote opens a value only behind `=`. */
  #last = 0
  #dashes = 0

  constructor({ headStart, headEnd, bodyStart, bodyEnd }: Insertions) {
    const all = [
      ['head', headStart],
      ['/head', headEnd],
      ['body', bodyStart],
      ['/body', bodyEnd],
    ] as const
    this.#left = new Map(all.filter(([, text]) => text.length > 0))
  }

  push(chunk: Buffer): Buffer | null {
    const out: Buffer[] = []
    if (this.#held !== '') {
      chunk = Buffer.concat([Buffer.from(this.#held, 'latin1'), chunk])
      this.#held = ''
      this.#state = this.#raw === '' ? 'text' : 'raw'
    }
    let sent = 0
    for (let at = 0; at < chunk.length && this.#left.size > 0; ) {
      if (this.#state === 'text' || this.#state === 'raw') {
        const next = chunk.indexOf(LT, at)
        if (next < 0) break
        const length = this.#open(chunk, next)
        if (length < 0) {
          this.#state = 'opening'
          this.#held = chunk.toString('latin1', next)
          out.push(chunk.subarray(sent, next))
          return Buffer.concat(out)
        }
        // What goes before an end tag goes before its `<`.
        const before = this.#take('/')
        if (before.length > 0) {
          out.push(chunk.subarray(sent, next), before)
          sent = next
        }
        at = next + length
        continue
      }
      if (!this.#step(chunk[at++]!)) continue
      const behind = this.#take('')
      if (behind.length > 0) {
        out.push(chunk.subarray(sent, at), behind)
        sent = at
      }
      this.#name = ''
    }
    if (out.length === 0) return chunk
    out.push(chunk.subarray(sent))
    return Buffer.concat(out)
  }

  end(): Buffer | null {
    return this.#held === '' ? null : Buffer.from(this.#held, 'latin1')
  }

  /** The text for the tag that has just been read, if it is of that sort and still due. */
  #take(sort: '/' | ''): Buffer {
    const name = this.#name
    if (name.startsWith('/') !== (sort === '/')) return NOTHING
    const text = this.#left.get(name) ?? NOTHING
    this.#left.delete(name)
    return text
  }

  /** Reads from a `<` on. How many bytes were read, or -1 when more must come to know. */
  #open(chunk: Buffer, start: number): number {
    this.#name = ''
    const text = chunk.toString('latin1', start + 1, start + 3 + LONGEST_NAME).toLowerCase()
    if (this.#state === 'raw') return this.#openRaw(text)
    if (text.startsWith('!')) return this.#openMarkup(text)
    if (text.startsWith('?')) return this.#enter('declaration', 2)
    const found = /^(\/?)([a-z][^\s/>\0]*)/.exec(text)
    if (found === null) {
      if (text === '' || text === '/') return -1
      return text.startsWith('/') ? this.#enter('declaration', 1) : 1
    }
    const whole = found[0]
    if (whole.length === text.length && whole.length < LONGEST_NAME + 2) return -1
    this.#name = whole
    return this.#enter('tag', 1 + whole.length)
  }

  /** In raw content only its own end tag counts. */
  #openRaw(text: string): number {
    const end = `/${this.#raw}`
    if (end.startsWith(text) || text === end) return -1
    if (!text.startsWith(end) || !/[\s/>]/.test(text[end.length]!)) return 1
    this.#raw = ''
    this.#name = end
    return this.#enter('tag', 1 + end.length)
  }

  #openMarkup(text: string): number {
    if (text === '!' || text === '!-') return -1
    if (!text.startsWith('!--')) return this.#enter('declaration', 2)
    // `<!-->` is a whole comment.
    this.#dashes = 2
    return this.#enter('comment', 4)
  }

  #enter(state: State, length: number): number {
    this.#state = state
    this.#quote = 0
    this.#last = 0
    return length
  }

  /** True: the tag ends with this byte. */
  #step(byte: number): boolean {
    if (this.#state === 'comment') {
      if (byte === GT && this.#dashes >= 2) this.#state = 'text'
      // `--!>` ends a comment, too.
      else if (byte !== 0x21 || this.#dashes < 2) this.#dashes = byte === DASH ? this.#dashes + 1 : 0
      return false
    }
    if (this.#state === 'declaration') {
      if (byte === GT) this.#state = 'text'
      return false
    }
    if (this.#quote !== 0) {
      if (byte === this.#quote) this.#quote = 0
      return false
    }
    if (byte === GT) {
      this.#raw = RAW.has(this.#name) ? this.#name : ''
      this.#state = this.#raw === '' ? 'text' : 'raw'
      return true
    }
    if (this.#last === EQUALS && (byte === 0x22 || byte === 0x27)) this.#quote = byte
    if (byte !== 0x20 && (byte < 9 || byte > 13)) this.#last = byte
    return false
  }
}
