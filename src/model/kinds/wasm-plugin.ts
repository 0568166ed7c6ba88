import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { emptyTexts, field, texts } from '../types/fields.ts'
import { wasmConfigSchema } from '../types/wasm-config.ts'

export const wasmPluginSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  config: field(wasmConfigSchema, () => ({}), 'The module and its rights'),
  steps: field(texts, emptyTexts, 'Steps of a request it takes part in'),
  metadata,
  tags,
})
export type WasmPlugin = v.InferOutput<typeof wasmPluginSchema>

/** A WebAssembly module that plugins refer to. Deprecated by upstream's own account, and in use. */
export const wasmPlugin = defineEntity<WasmPlugin>({
  group: 'plugins.otoroshi.io',
  version: 'v1',
  kind: 'WasmPlugin',
  plural: 'wasm-plugins',
  singular: 'wasm-plugin',
  idField: 'id',
  storageKey: 'wasm-plugins',
  idPrefix: 'wasm-plugin',
  legacyPath: null,
  access: fullAccess,
  schema: wasmPluginSchema,
  served: false,
  deprecated: true,
  template: newId =>
    fill(wasmPluginSchema, { id: newId, name: 'New wasm plugin', description: 'New wasm plugin' }),
})
