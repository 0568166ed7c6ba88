/**
 * The plugins a thread knows: the built-in ones, loaded when a route first names them, and those of the plugins folder.
 *
 * Guarantees: a file that does not load takes away only its own plugins (their routes close, law 1); built-in ids cannot
 * be taken by files.
 */
import { pathToFileURL } from 'node:url'
import type { PluginSource } from '../gateway/compile/plugin-source.ts'
import type { PluginDefinition } from '../plugin/contract.ts'
import { listPlugin, type PluginListing } from '../plugin/listing.ts'
import type { PluginFailure, PluginFile } from './messages.ts'
import { registerPackageImports } from './package-imports.ts'

/** Finds a built-in plugin by id; null when there is none. */
export type BuiltIns = (id: string) => Promise<PluginDefinition | null> | null

interface FolderPlugin {
  readonly path: string
  readonly version: string
  /** Null when the file does not load any more. */
  readonly definition: PluginDefinition | null
  readonly failure: string | null
}

export class PluginRegistry implements PluginSource {
  readonly #builtIns: BuiltIns
  readonly #loaded = new Map<string, PluginDefinition>()
  /** By plugin id. */
  #folder = new Map<string, FolderPlugin>()
  #failures: readonly PluginFailure[] = []

  constructor(builtIns: BuiltIns) {
    this.#builtIns = builtIns
  }

  find(id: string): PluginDefinition | null | Promise<PluginDefinition | null> {
    const loaded = this.#loaded.get(id)
    if (loaded !== undefined) return loaded
    const own = this.#folder.get(id)
    if (own !== undefined) {
      if (own.definition === null) throw new Error(`${own.path}: ${own.failure}`)
      return own.definition
    }
    const builtIn = this.#builtIns(id)
    return builtIn === null ? this.#unknown() : builtIn.then(found => this.#keep(id, found))
  }

  /** The plugins of the folder. One that cannot be described is left out: it serves all the same. */
  async listFolder(): Promise<readonly PluginListing[]> {
    const listed = await Promise.allSettled(
      [...this.#folder.values()].flatMap(({ definition }) =>
        definition === null ? [] : [listPlugin(definition)],
      ),
    )
    return listed.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  }

  #keep(id: string, definition: PluginDefinition | null): PluginDefinition | null {
    if (definition === null) return this.#unknown()
    this.#loaded.set(id, definition)
    return definition
  }

  /** Null; throws when the plugin may be in a file that does not load. */
  #unknown(): null {
    if (this.#failures.length === 0) return null
    const names = this.#failures.map(({ path, message }) => `${path} (${message})`).join(', ')
    throw new Error(`no plugin has this id, and these files do not load: ${names}`)
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
          if ((await this.#builtIns(definition.id)) !== null)
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
