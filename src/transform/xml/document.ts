/**
 * XML 1.0 into a tree.
 *
 * Guarantees: a document that is not well-formed is refused, with the place; document types are refused, so that no entity can be
 * defined, grow or lead elsewhere; nesting is bounded; the time is proportional to the length. Not done: validation, and
 * namespaces, which stay parts of names. Comments and processing instructions are left out.
 */

export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  /** Elements and texts in order. */
  readonly children: (XmlElement | string)[]
}

/** The text is no document, or one that is not read. */
export class XmlFault extends Error {
  constructor(why: string, offset: number) {
    super(`${why}, at character ${offset}`)
    this.name = 'XmlFault'
  }
}

/** Elements inside each other. */
const MOST_NESTED = 256

const START =
  ':A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}'
const REST = `${START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}`
const NAME = new RegExp(`[${START}][${REST}]*`, 'uy')
/** A whole name. */
export const XML_NAME = new RegExp(`^[${START}][${REST}]*$`, 'u')
const PLAIN_NAME = /[:A-Z_a-z][-.:\w]*/y
/** Characters that no document holds, not even as references. */
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The root of the document. Throws `XmlFault`. */
export function parseXml(text: string): XmlElement {
  const bad = FORBIDDEN.exec(text)
  if (bad !== null) throw new XmlFault('a character that XML does not know', bad.index)
  return new Reader(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text).document()
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): XmlElement {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1
    this.#space()
    this.#between()
    if (this.#text[this.#at] !== '<') this.#refuse('there is no element')
    const root = this.#element()
    this.#between()
    if (this.#at < this.#text.length) this.#refuse('something follows the root element')
    return root
  }

  /** Space, comments and processing instructions around the root. */
  #between(): void {
    for (;;) {
      this.#space()
      if (this.#starts('<!DOCTYPE')) this.#refuse('document types are not read')
      if (!this.#skipped()) return
    }
  }

  /** Passes a comment or an instruction. False: there is none. */
  #skipped(): boolean {
    if (this.#starts('<!--')) {
      const end = this.#until('--', 4, 'a comment does not end')
      if (this.#text[end + 2] !== '>') this.#refuse('a comment holds two dashes')
      this.#at = end + 3
      return true
    }
    if (!this.#starts('<?')) return false
    this.#at = this.#until('?>', 2, 'an instruction does not end') + 2
    return true
  }

  #element(): XmlElement {
    const open: XmlElement[] = []
    for (;;) {
      const [element, empty] = this.#startTag()
      const parent = open.at(-1)
      parent?.children.push(element)
      if (!empty) {
        if (open.push(element) > MOST_NESTED) this.#refuse('the elements are too deeply nested')
      } else if (parent === undefined) return element
      const root = this.#content(open)
      if (root !== null) return root
    }
  }

  /** Reads up to the next start tag. Answers the root when it is closed. */
  #content(open: XmlElement[]): XmlElement | null {
    for (;;) {
      const element = open.at(-1)!
      const next = this.#text.indexOf('<', this.#at)
      if (next < 0) this.#refuse(`<${element.name}> is not closed`)
      if (next > this.#at) {
        const raw = this.#text.slice(this.#at, next)
        if (raw.includes(']]>')) this.#refuse(']]> stands outside of a section')
        element.children.push(this.#decoded(raw))
        this.#at = next
      }
      if (this.#starts('</')) {
        this.#endTag(element)
        open.pop()
        if (open.length === 0) return element
      } else if (this.#starts('<![CDATA[')) {
        const end = this.#until(']]>', 9, 'a section does not end')
        element.children.push(this.#text.slice(this.#at + 9, end))
        this.#at = end + 3
      } else if (!this.#skipped()) return null
    }
  }

  #startTag(): [element: XmlElement, empty: boolean] {
    this.#at++
    const name = this.#name()
    const attributes = new Map<string, string>()
    for (;;) {
      const spaced = this.#space()
      const empty = this.#starts('/>')
      if (empty || this.#text[this.#at] === '>') {
        this.#at += empty ? 2 : 1
        return [{ name, attributes, children: [] }, empty]
      }
      if (!spaced) this.#refuse('a tag is malformed')
      this.#attribute(attributes)
    }
  }

  #attribute(attributes: Map<string, string>): void {
    const name = this.#name()
    this.#space()
    if (this.#text[this.#at++] !== '=') this.#refuse(`the attribute ${name} has no value`)
    this.#space()
    const quote = this.#text[this.#at]
    if (quote !== '"' && quote !== "'") this.#refuse(`the value of ${name} has no quotes`)
    const end = this.#until(quote as string, 1, `the value of ${name} does not end`)
    const raw = this.#text.slice(this.#at + 1, end)
    if (raw.includes('<')) this.#refuse(`the value of ${name} holds <`)
    if (attributes.has(name)) this.#refuse(`the attribute ${name} is there twice`)
    attributes.set(name, this.#decoded(raw.replace(/[\t\r\n]/g, ' ')))
    this.#at = end + 1
  }

  #endTag({ name }: XmlElement): void {
    this.#at += 2
    if (this.#name() !== name) this.#refuse(`another end tag than </${name}>`)
    this.#space()
    if (this.#text[this.#at++] !== '>') this.#refuse('an end tag is malformed')
  }

  #decoded(raw: string): string {
    if (!raw.includes('&')) return raw
    return raw.replace(/&(?:([a-z]+|#\d{1,7}|#x[\da-f]{1,6});)?/gi, (_whole, reference?: string) => {
      const char = reference === undefined ? undefined : characterOf(reference)
      return char ?? this.#refuse('a reference to what is not known')
    })
  }

  #name(): string {
    // Most names are in ASCII, where reading them is many times quicker.
    PLAIN_NAME.lastIndex = this.#at
    const plain = PLAIN_NAME.exec(this.#text)
    if (plain !== null && !(this.#text.charCodeAt(PLAIN_NAME.lastIndex) > 127)) {
      this.#at = PLAIN_NAME.lastIndex
      return plain[0]
    }
    NAME.lastIndex = this.#at
    const found = NAME.exec(this.#text)
    if (found === null) return this.#refuse('a name is missing')
    this.#at += found[0].length
    return found[0]
  }

  #space(): boolean {
    const from = this.#at
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++
    return this.#at > from
  }

  #starts(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  #until(text: string, behind: number, why: string): number {
    const found = this.#text.indexOf(text, this.#at + behind)
    return found < 0 ? this.#refuse(why) : found
  }

  #refuse(why: string): never {
    throw new XmlFault(why, this.#at)
  }
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 13
}

function characterOf(reference: string): string | undefined {
  if (!reference.startsWith('#')) return Object.hasOwn(ENTITIES, reference) ? ENTITIES[reference] : undefined
  if (reference.startsWith('#X')) return undefined
  const code = reference.startsWith('#x')
    ? Number.parseInt(reference.slice(2), 16)
    : Number(reference.slice(1))
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined
  const char = String.fromCodePoint(code)
  return code === 0 || FORBIDDEN.test(char) ? undefined : char
}
