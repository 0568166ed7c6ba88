/** The plugins as the admin API lists them: the built-in ones and those of the plugins folder. */
import { listPlugin, type PluginListing } from '../plugin/listing.ts'
import { allBuiltIn } from '../plugins/index.ts'

export class PluginListings {
  /** Loaded when somebody first asks: serving needs none of it. */
  #builtIn: Promise<readonly PluginListing[]> | null = null
  #folder: readonly PluginListing[] = []

  /** The plugins of the folder as the threads have them now. */
  setFolder(listings: readonly PluginListing[]): void {
    this.#folder = listings
  }

  async all(): Promise<readonly PluginListing[]> {
    this.#builtIn ??= allBuiltIn().then(plugins => Promise.all(plugins.map(listPlugin)))
    return [...(await this.#builtIn), ...this.#folder]
  }
}
