/** The built-in plugins as the admin API lists them. */
import type { PluginListing } from '../admin-api/services.ts'

export const pluginListings: readonly PluginListing[] = []
