/**
 * Examples of settings, one for each built-in plugin: `src/plugins/<family>/examples.json`, by plugin id. The catalogue shows
 * them, a test puts each into a running gateway, and the bench of plugins uses them.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An example of a plugin. */
export interface PluginExample {
  /** What these settings are good for: one sentence. */
  readonly does: string
  readonly config: Readonly<Record<string, unknown>>
}

const plugins = join(import.meta.dirname, '../../src/plugins')

/** All examples by plugin id. Reads the files anew. */
export function pluginExamples(): ReadonlyMap<string, PluginExample> {
  const found = new Map<string, PluginExample>()
  for (const file of globSync('*/examples.json', { cwd: plugins }).sort())
    for (const [id, example] of Object.entries(read<PluginExample>(join(plugins, file))))
      found.set(id, example)
  return found
}

/** Ids of Otoroshi's plugins by family, those that are not built here included. */
export function upstreamPlugins(): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(read<readonly string[]>(join(import.meta.dirname, 'upstream.json'))))
}

function read<T>(path: string): Readonly<Record<string, T>> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, T>
}
