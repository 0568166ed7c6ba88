/**
 * The built-in plugins: every file `<family>/<plugin>.ts` of this folder whose default export is a plugin.
 *
 * The file of an id is found by name: `cp:otoroshi.next.plugins.AllowHttpMethods` is `allow-http-methods.ts`. Nothing is
 * registered by hand, and no file is loaded before a route names it.
 */
import { readdirSync } from 'node:fs'
import type { PluginDefinition } from '../plugin/contract.ts'

/** Class name in lower case → file beside this one. */
let files: ReadonlyMap<string, string> | null = null

function scan(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const family of readdirSync(import.meta.dirname, { withFileTypes: true })) {
    if (!family.isDirectory()) continue
    for (const file of readdirSync(`${import.meta.dirname}/${family.name}`))
      if (/^[a-z0-9-]+\.ts$/.test(file))
        found.set(file.slice(0, -3).replaceAll('-', ''), `./${family.name}/${file}`)
  }
  return found
}

/** The built-in plugin of this id; null when there is none. */
export function findBuiltIn(id: string): Promise<PluginDefinition | null> | null {
  files ??= scan()
  const file = files.get(id.slice(id.lastIndexOf('.') + 1).toLowerCase())
  return file === undefined ? null : load(file).then(plugin => (plugin?.id === id ? plugin : null))
}

/** All of them, in the order of their ids. Loads every file. */
export async function allBuiltIn(): Promise<readonly PluginDefinition[]> {
  files ??= scan()
  const loaded = await Promise.all([...files.values()].map(load))
  return loaded.filter(plugin => plugin !== null).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Null for a file that only serves the plugins beside it. */
async function load(file: string): Promise<PluginDefinition | null> {
  const module = (await import(file)) as { readonly default?: PluginDefinition }
  return module.default ?? null
}
