/**
 * Hashes of the text values of one field over all entries, so that an exact filter looks into those entities only that may
 * fit. Made from the stored bytes without parsing: an entity where the field does not stand once as plain text has the
 * hash `UNSURE` and is always looked into.
 */
import type { SharedTextsWriter } from '../revision/shared-texts-writer.ts'

export const UNSURE = 0

/** Milliseconds of work before others get their turn. */
const SLICE = 8
const QUOTE = 34
const BACKSLASH = 92

export class FieldHashes {
  readonly #texts: SharedTextsWriter
  readonly #mark: Buffer
  #hashes: Uint32Array
  #built: Promise<void> | null = null

  constructor(texts: SharedTextsWriter, field: string) {
    this.#texts = texts
    this.#mark = Buffer.from(`${JSON.stringify(field)}:"`)
    this.#hashes = new Uint32Array(Math.max(1024, texts.entryCount))
  }

  /** The hash of a value as it stands in JSON; null when values like this one have none. */
  static of(text: string): number | null {
    const bytes = Buffer.from(JSON.stringify(text))
    const inner = bytes.subarray(1, -1)
    return inner.includes(BACKSLASH) ? null : hashOf(inner, 0, inner.length)
  }

  /** Resolves once every entry was looked at. */
  built(): Promise<void> {
    this.#built ??= this.#build()
    return this.#built
  }

  /** By entry. Shorter than the entries where the last ones were not seen: `UNSURE`. */
  get hashes(): Uint32Array {
    return this.#hashes
  }

  /** An entry was written. */
  update(entry: number): void {
    if (entry >= this.#hashes.length) {
      const bigger = new Uint32Array(Math.max(entry + 1, this.#hashes.length * 2))
      bigger.set(this.#hashes)
      this.#hashes = bigger
    }
    this.#hashes[entry] = this.#look(entry)
  }

  async #build(): Promise<void> {
    let until = performance.now() + SLICE
    for (let entry = 0; entry < this.#texts.entryCount; entry++) {
      this.update(entry)
      if (entry % 256 !== 0 || performance.now() < until) continue
      await new Promise(resolve => setImmediate(resolve))
      until = performance.now() + SLICE
    }
  }

  #look(entry: number): number {
    const span = this.#texts.span(entry)
    if (span === null) return UNSURE
    const text = span.bytes.subarray(span.start, span.end)
    const at = text.indexOf(this.#mark)
    if (at < 0) return UNSURE
    const from = at + this.#mark.length
    if (text.indexOf(this.#mark, from) >= 0) return UNSURE
    let to = from
    while (to < text.length && text[to] !== QUOTE) {
      if (text[to] === BACKSLASH) return UNSURE
      to++
    }
    return hashOf(text, from, to)
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash >>> 0 || 1
}
