/** API keys by client id: parsed when first used, kept while they do not change, bounded in number. */
import { type ApikeyView, readApikey } from '../identity/apikey.ts'

/** Parsed keys kept; the one unused longest goes first. */
const MOST_PARSED = 10_000

export class ApikeyIndex {
  readonly #text: (clientId: string) => string | undefined
  readonly #parsed = new Map<string, ApikeyView>()

  /** `text`: stored text of a key, or undefined. */
  constructor(text: (clientId: string) => string | undefined) {
    this.#text = text
  }

  find(clientId: string): ApikeyView | null {
    const known = this.#parsed.get(clientId)
    if (known !== undefined) return known
    const text = this.#text(clientId)
    const view = text === undefined ? null : readApikey(text)
    if (view === null) return null
    if (this.#parsed.size >= MOST_PARSED) this.#parsed.delete(this.#parsed.keys().next().value!)
    this.#parsed.set(clientId, view)
    return view
  }

  /** The stored key changed. */
  forget(clientId: string): void {
    this.#parsed.delete(clientId)
  }
}
