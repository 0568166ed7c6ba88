/**
 * The plugins a thread knows: the built-in ones, loaded when a route first names them, and those of the plugins folder.
 *
 * Guarantees: a file that does not load takes away only its own plugins (their routes close, law 1); built-in ids cannot
 * be taken by files.
 */
import { pathToFileURL } from 'node:url'
import type { PluginSource } from '../gateway/compile/plugin-source.ts'
import type { PluginDefinition } from '../plugin/contract.ts'
import type { PluginFailure, PluginFile } from './messages.ts'
import { registerPackageImports } from './package-imports.ts'

export type PluginLoader = () => Promise<{ readonly default: PluginDefinition }>

interface FolderPlugin {
  readonly path: string
  readonly version: string
  /** Null when the file does not load any more. */
  readonly definition: PluginDefinition | null
  readonly failure: string | null
}

export class PluginRegistry implements PluginSource {
  readonly #loaders: Readonly<Record<string, PluginLoader>>
  readonly #loaded = new Map<string, PluginDefinition>()
  /** By plugin id. */
  #folder = new Map<string, FolderPlugin>()
  #failures: readonly PluginFailure[] = []

  constructor(loaders: Readonly<Record<string, PluginLoader>>) {
    this.#loaders = loaders
  }

  find(id: string): PluginDefinition | null | Promise<PluginDefinition | null> {
    const loaded = this.#loaded.get(id)
    if (loaded !== undefined) return loaded
    if (Object.hasOwn(this.#loaders, id)) return this.#load(id)
    const own = this.#folder.get(id)
    if (own === undefined) {
      if (this.#failures.length === 0) return null
      const names = this.#failures.map(({ path, message }) => `${path} (${message})`).join(', ')
      throw new Error(`no plugin has this id, and these files do not load: ${names}`)
    }
    if (own.definition === null) throw new Error(`${own.path}: ${own.failure}`)
    return own.definition
  }

  /** Loads the files of the folder as they are now. Answers what failed and the ids whose routes must be made anew. */
  async reload(files: readonly PluginFile[]): Promise<{ failures: PluginFailure[]; changed: Set<string> }> {
    const before = this.#folder
    const next = new Map<string, FolderPlugin>()
    const failures: PluginFailure[] = []
    for (const file of files) {
      const kept = [...before].filter(([, plugin]) => plugin.path === file.path)
      if (kept.length > 0 && kept.every(([, p]) => p.version === file.version && p.definition !== null)) {
        for (const [id, plugin] of kept) next.set(id, plugin)
        continue
      }
      try {
        for (const definition of await definitionsOf(file)) {
          if (Object.hasOwn(this.#loaders, definition.id))
            throw new Error(`${definition.id} is a built-in plugin`)
          next.set(definition.id, { ...file, definition, failure: null })
        }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        failures.push({ path: file.path, message })
        for (const [id] of kept) next.set(id, { ...file, definition: null, failure: message })
      }
    }
    this.#folder = next
    this.#failures = failures
    const changed = new Set<string>()
    for (const id of new Set([...before.keys(), ...next.keys()]))
      if (before.get(id)?.definition !== next.get(id)?.definition) changed.add(id)
    return { failures, changed }
  }

  async #load(id: string): Promise<PluginDefinition> {
    const { default: definition } = await this.#loaders[id]!()
    this.#loaded.set(id, definition)
    return definition
  }
}

let hooked = false

/** The plugins a file exports: the default export, one or a list. */
async function definitionsOf(file: PluginFile): Promise<readonly PluginDefinition[]> {
  // Only threads that load files pay for the hook.
  if (!hooked) registerPackageImports()
  hooked = true
  const module = (await import(
    `${pathToFileURL(file.path).href}?v=${encodeURIComponent(file.version)}`
  )) as Record<string, unknown>
  const exported = module['default']
  const list: readonly unknown[] = Array.isArray(exported) ? exported : [exported]
  for (const item of list)
    if (!isDefinition(item)) throw new Error('the default export is not a plugin made with definePlugin')
  return list as readonly PluginDefinition[]
}

function isDefinition(value: unknown): value is PluginDefinition {
  if (typeof value !== 'object' || value === null) return false
  const { id, config, setup, steps } = value as Partial<PluginDefinition>
  return (
    typeof id === 'string' &&
    id !== '' &&
    typeof config === 'object' &&
    typeof setup === 'function' &&
    Array.isArray(steps)
  )
}
