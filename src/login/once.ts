/** What counts once, whichever instance of the gateway it comes to: marks in the store that live as long as the thing itself. */
import { type Store, StoreConflict } from '../store/contract.ts'

export class Once {
  readonly #store: Store
  readonly #prefix: string

  /** `root`: setting `storageRoot`. The keys are those of upstream's tokens of logins. */
  constructor(store: Store, root: string) {
    this.#store = store
    this.#prefix = `${root}:auth:tokens:`
  }

  /** False when it was used before. `life`: milliseconds. Rejects with `StoreUnavailable`. */
  async use(nonce: string, life: number): Promise<boolean> {
    const key = `${this.#prefix}used-${nonce}`
    try {
      await this.#store.commit([{ key, value: '1', expiresAt: Date.now() + life }], [{ key, value: null }])
      return true
    } catch (error) {
      if (error instanceof StoreConflict) return false
      throw error
    }
  }
}
