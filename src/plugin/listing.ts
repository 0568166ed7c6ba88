/** A plugin as the admin API lists it, made from its one description. */
import { jsonSchema } from '../model/json-schema.ts'
import { parse } from '../schema/index.ts'
import type { PluginDefinition } from './contract.ts'

/** Plain data, with upstream's field names. `config_schema` is a JSON Schema. */
export interface PluginListing {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly default_config: unknown
  readonly config_schema: Readonly<Record<string, unknown>>
  /** Names of the settings, in the order of a form. */
  readonly config_flow: readonly string[]
  readonly plugin_type: 'ng'
  readonly plugin_visibility: 'userland'
  readonly plugin_categories: readonly string[]
  readonly plugin_steps: readonly string[]
  readonly plugin_tags: readonly string[]
  readonly plugin_multi_inst: boolean
  readonly plugin_backend_call_delegates: boolean
  readonly on_request: boolean
  readonly on_response: boolean
  readonly [more: string]: unknown
}

/** Describes a plugin. Rejects when its configuration cannot be written as JSON Schema. */
export async function listPlugin(definition: PluginDefinition): Promise<PluginListing> {
  const { id, name, description, steps, config } = definition
  const described = await jsonSchema({ schema: config })
  const fallback = parse(config, {})
  const { properties } = described
  return {
    id,
    name,
    description,
    default_config: fallback.ok ? fallback.value : null,
    config_schema: described,
    config_flow: typeof properties === 'object' && properties !== null ? Object.keys(properties) : [],
    plugin_type: 'ng',
    plugin_visibility: 'userland',
    plugin_categories: definition.categories ?? ['Custom'],
    plugin_steps: steps,
    plugin_tags: [],
    plugin_multi_inst: true,
    plugin_backend_call_delegates: false,
    on_request: steps.includes('TransformRequest'),
    on_response: steps.includes('TransformResponse'),
  }
}
