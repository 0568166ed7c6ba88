/** What the main thread tells threads of the snow monkey. */
import type { ChaosSettings, Outages } from '../plugin/outages.ts'

/** Null: it sleeps. */
export type SnowMonkeyState = { readonly chaos: ChaosSettings; readonly routes: readonly string[] } | null

export class ToldOutages implements Outages {
  #chaos: ChaosSettings | null = null
  #routes: ReadonlySet<string> = new Set()

  told(state: SnowMonkeyState): void {
    this.#chaos = state?.chaos ?? null
    this.#routes = new Set(state?.routes)
  }

  faultsFor(routeId: string): ChaosSettings | 'calm' | null {
    if (this.#chaos === null) return null
    return this.#routes.has(routeId) ? this.#chaos : 'calm'
  }
}
