/** API keys by client id: parsed when first used, kept while they do not change, bounded in number. */
import { type ApikeyView, readApikey } from '../identity/apikey.ts'
import type { ApikeySource } from '../plugin/contract.ts'
import type { ApikeyDesk, KeyToStore } from './apikey-desk.ts'

/** Parsed keys kept; the one read first goes first. */
const MOST_PARSED = 10_000

export class ApikeyIndex implements ApikeySource {
  readonly #text: (clientId: string) => string | undefined
  readonly #parsed = new Map<string, ApikeyView>()
  readonly #rotations = new Map<string, number>()

  readonly #desk: ApikeyDesk

  /** `text`: stored text of a key, or undefined. */
  constructor(text: (clientId: string) => string | undefined, desk: ApikeyDesk) {
    this.#text = text
    this.#desk = desk
  }

  async create(key: KeyToStore): Promise<ApikeyView> {
    await this.#desk.store(key)
    const stored = this.find(String(key['clientId']))
    if (stored === null) throw new Error('the key is gone already')
    return stored
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

  rotationAt(clientId: string): number | null {
    return this.#rotations.get(clientId) ?? null
  }

  /** When secrets are exchanged, epoch milliseconds; null for keys that rotate no more. */
  setRotations(times: ReadonlyMap<string, number | null>): void {
    for (const [clientId, at] of times)
      if (at === null) this.#rotations.delete(clientId)
      else this.#rotations.set(clientId, at)
  }

  /** The stored key changed. */
  forget(clientId: string): void {
    this.#parsed.delete(clientId)
  }
}
