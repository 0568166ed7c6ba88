/** The built-in plugins as the catalogue needs them, and what is missing for it. */
import { jsonSchema } from '../../src/model/json-schema.ts'
import type { PluginDefinition } from '../../src/plugin/contract.ts'
import type { PluginExample } from './examples.ts'
import { families } from './families.ts'
import type { CatalogueEntry } from './pages.ts'
import { settingRows } from './settings.ts'

export interface Catalogue {
  readonly entries: readonly CatalogueEntry[]
  /** One sentence each; none when the catalogue is whole. */
  readonly faults: readonly string[]
}

/** Describes plugins. `upstream`: ids of Otoroshi's plugins by family. */
export async function describePlugins(
  plugins: readonly PluginDefinition[],
  examples: ReadonlyMap<string, PluginExample>,
  upstream: ReadonlyMap<string, readonly string[]>,
): Promise<Catalogue> {
  const faults: string[] = []
  const entries: CatalogueEntry[] = []
  const known = new Set([...upstream.values()].flat())
  for (const { id, name, description, family, steps, config } of plugins) {
    const rows = settingRows(await jsonSchema({ schema: config }))
    const example = examples.get(id)
    if (families[family] === undefined) faults.push(`${id}: scripts/catalogue/families.ts has no ${family}`)
    for (const { path, meaning } of rows)
      if (meaning.trim() === '') faults.push(`${id}: the setting ${path} has no description`)
    if (example === undefined) {
      faults.push(`${id}: src/plugins/${family}/examples.json has no example`)
      continue
    }
    if (!/^[A-Z].*\.$/s.test(example.does)) faults.push(`${id}: its example does not say what it does`)
    entries.push({ id, name, description, family, steps, rows, example, own: !known.has(id) })
  }
  const there = new Set(plugins.map(plugin => plugin.id))
  for (const id of examples.keys())
    if (!there.has(id)) faults.push(`${id}: there is an example, and no such plugin`)
  return { entries, faults }
}
