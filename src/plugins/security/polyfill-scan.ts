/**
 * Scripts of polyfill.io in a page: found, and replaced when told so, while the page streams through.
 *
 * Guarantees: every other byte passes unchanged; what is held back is one tag at most. Fit for encodings in which ASCII is ASCII.
 */
import type { BodyTransform } from '../../plugin/index.ts'

/** A script tag up to the address, and the address of the hosts that changed hands in 2024 up to its query. */
const SOURCE =
  /(<script\b[^<>]{0,2000}?\bsrc\s*=\s*["']?\s*)((?:https?:)?\/\/(?:cdn\.)?polyfill\.io\/v[23]\/polyfill(?:\.min)?\.js)/gi
const SAFE = 'https://cdnjs.cloudflare.com/polyfill/v3/polyfill.min.js'
const TAG = '<script'
/** Longest beginning of a tag that is held back. */
const LONGEST_TAG = 2_200
/** Addresses told in one alert. */
const MOST_TOLD = 20

export class PolyfillScan implements BodyTransform {
  readonly found: string[] = []
  occurrences = 0
  #held = ''
  readonly #replace: boolean
  readonly #told: (scan: PolyfillScan) => void

  /** `told`: called at the end of a page in which something was found. */
  constructor(replace: boolean, told: (scan: PolyfillScan) => void) {
    this.#replace = replace
    this.#told = told
  }

  push(chunk: Buffer): Buffer | null {
    const text = this.#held + chunk.toString('latin1')
    const end = text.length - heldBack(text)
    this.#held = text.slice(end)
    return end === 0 ? null : this.#pass(text.slice(0, end))
  }

  end(): Buffer | null {
    const rest = this.#held === '' ? null : this.#pass(this.#held)
    if (this.occurrences > 0) this.#told(this)
    return rest
  }

  #pass(text: string): Buffer {
    const out = text.replace(SOURCE, (whole, before: string, address: string) => {
      this.occurrences++
      if (this.found.length < MOST_TOLD) this.found.push(address)
      return this.#replace ? before + SAFE : whole
    })
    return Buffer.from(out, 'latin1')
  }
}

/** Characters at the end that may begin a script tag which is not closed yet. */
function heldBack(text: string): number {
  const start = text.lastIndexOf('<')
  if (start < 0) return 0
  const tag = text.slice(start)
  if (tag.length > LONGEST_TAG || tag.includes('>')) return 0
  const beginning = tag.slice(0, TAG.length).toLowerCase()
  return TAG.startsWith(beginning) ? tag.length : 0
}
