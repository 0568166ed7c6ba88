/** The text of a HOCON file, read one character at a time, and its lexical parts: blanks, comments, quoted strings. */
import { HoconError } from './expression.ts'

/** Characters that end an unquoted text. */
const RESERVED = new Set('$"{}[]:=,+#`^?!@*&\\\n')
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

export class Characters {
  readonly #text: string
  #at = 0
  line = 1

  constructor(text: string) {
    this.#text = text.startsWith('\uFEFF') ? text.slice(1) : text
  }

  get done(): boolean {
    return this.#at >= this.#text.length
  }

  /** The next character, or an empty text at the end. */
  peek(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead)
  }

  startsWith(word: string): boolean {
    return this.#text.startsWith(word, this.#at)
  }

  /** True when the sticky `pattern` matches here. */
  matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    return pattern.test(this.#text)
  }

  /** Consumes `count` characters. */
  take(count = 1): string {
    const taken = this.#text.slice(this.#at, this.#at + count)
    for (const c of taken) if (c === '\n') this.line++
    this.#at += count
    return taken
  }

  fail(message: string): never {
    throw new HoconError(this.line, message)
  }

  /** Blanks within a line; answers them. */
  blanks(): string {
    const from = this.#at
    while (!this.done && this.peek() !== '\n' && isBlank(this.peek())) this.#at++
    return this.#text.slice(from, this.#at)
  }

  /** Blanks, line ends and comments. */
  gap(): void {
    for (;;) {
      this.blanks()
      if (this.peek() === '\n') this.take()
      else if (this.atComment()) this.comment()
      else return
    }
  }

  atComment(): boolean {
    return this.peek() === '#' || this.startsWith('//')
  }

  comment(): void {
    while (!this.done && this.peek() !== '\n') this.#at++
  }

  /** Text up to a reserved character, a blank, or `stop`; may be empty. */
  unquoted(stop: string): string {
    const from = this.#at
    while (!this.done) {
      const c = this.peek()
      if (RESERVED.has(c) || isBlank(c) || c === stop || this.startsWith('//')) break
      this.#at++
    }
    return this.#text.slice(from, this.#at)
  }

  /** At a quote: the text of the string. */
  quoted(): string {
    return this.startsWith('"""') ? this.#tripleQuoted() : this.#quoted()
  }

  #quoted(): string {
    let text = ''
    const from = this.line
    this.take()
    for (;;) {
      if (this.done || this.peek() === '\n') throw new HoconError(from, 'a quoted text has no closing quote')
      const c = this.take()
      if (c === '"') return text
      text += c === '\\' ? this.#escape() : c
    }
  }

  #escape(): string {
    const c = this.take()
    if (c === 'u') {
      const digits = this.take(4)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('\\u must be followed by four hexadecimal digits')
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
    return ESCAPES[c] ?? this.fail(`unknown escape \\${c}`)
  }

  #tripleQuoted(): string {
    const from = this.line
    this.take(3)
    let end = this.#text.indexOf('"""', this.#at)
    if (end < 0) throw new HoconError(from, 'a text in triple quotes has no end')
    while (this.#text.charAt(end + 3) === '"') end++
    const text = this.take(end - this.#at)
    this.take(3)
    return text
  }
}

function isBlank(c: string): boolean {
  return c === ' ' || c === '\t' || c === '\r' || c === '\n' || /^\s$/.test(c) || c === '\uFEFF'
}
