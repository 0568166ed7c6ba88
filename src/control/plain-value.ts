/** The text of a top-level field as it stands in stored bytes, found without parsing. */
import type { SharedTextsWriter } from '../revision/shared-texts-writer.ts'

const QUOTE = 34
const BACKSLASH = 92

export interface PlainValue {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
}

export class PlainValues {
  readonly #texts: SharedTextsWriter
  readonly #mark: Buffer
  /** Another spelling of the field that would count first, or null. */
  readonly #rival: Buffer | null

  constructor(texts: SharedTextsWriter, field: string, rival: string | null = null) {
    this.#texts = texts
    this.#mark = Buffer.from(`${JSON.stringify(field)}:"`)
    this.#rival = rival === null ? null : Buffer.from(JSON.stringify(rival))
  }

  /** `none`: there is no such entry; `unsure`: only parsing tells, since the field does not stand there once as plain text. */
  at(entry: number): PlainValue | 'none' | 'unsure' {
    const span = this.#texts.span(entry)
    if (span === null) return 'none'
    const bytes = span.bytes.subarray(span.start, span.end)
    const at = bytes.indexOf(this.#mark)
    if (at < 0) return 'unsure'
    const from = at + this.#mark.length
    if (bytes.indexOf(this.#mark, from) >= 0) return 'unsure'
    if (this.#rival !== null && bytes.includes(this.#rival)) return 'unsure'
    let to = from
    while (to < bytes.length && bytes[to] !== QUOTE) {
      if (bytes[to] === BACKSLASH) return 'unsure'
      to++
    }
    return { bytes, from, to }
  }
}
