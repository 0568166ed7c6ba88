import { schema as v } from '../../schema/index.ts'
import {
  count,
  emptyJson,
  emptyMap,
  emptyTexts,
  field,
  flag,
  json,
  optionalText,
  text,
  textMap,
  texts,
} from './fields.ts'

const readWrite = (what: string) =>
  field(
    v.looseObject({ read: field(flag, false, 'Read'), write: field(flag, false, 'Write') }),
    () => ({}),
    what,
  )

const authorizationsSchema = v.looseObject({
  httpAccess: field(flag, false, 'Make HTTP calls'),
  proxyHttpCallTimeout: field(count, 5000, 'Longest such call, milliseconds'),
  globalDataStoreAccess: readWrite('The whole store'),
  pluginDataStoreAccess: readWrite('The part of the store that is its own'),
  globalMapAccess: readWrite('The memory all plugins share'),
  pluginMapAccess: readWrite('The memory that is its own'),
  proxyStateAccess: field(flag, false, 'Read the entities'),
  configurationAccess: field(flag, false, 'Read the settings'),
})

const killOptionsSchema = v.looseObject({
  immortal: field(flag, false, 'Never end an instance'),
  max_calls: field(count, 2147483647, 'Calls after which an instance ends'),
  max_memory_usage: field(v.pipe(v.number(), v.minValue(0)), 0, 'Share of the memory that ends it; 0: never'),
  max_avg_call_duration: field(count, 0, 'Average time that ends it, milliseconds; 0: never'),
  max_unused_duration: field(count, 300000, 'Idle time that ends it, milliseconds'),
})

/** A WebAssembly module, what it may do and how long its instances live. Nothing is allowed unless it says so. */
export const wasmConfigSchema = v.looseObject({
  source: field(
    v.looseObject({
      kind: field(text, 'Unknown', 'Where the module comes from: Wasmo, Http, File, Base64, Local …'),
      path: field(text, '', 'URL, path, content or id there'),
      opts: field(json, emptyJson, 'More about the source'),
    }),
    () => ({}),
    'The module',
  ),
  // The address space of a module ends at 65,536 pages of 64 KiB.
  memoryPages: field(v.pipe(count, v.maxValue(65536)), 50, 'Most memory, pages of 64 KiB'),
  functionName: optionalText('Function called; null for the usual one'),
  config: field(textMap, emptyMap, 'Settings given to the module'),
  allowedHosts: field(texts, emptyTexts, 'Hosts it may call'),
  allowedPaths: field(textMap, emptyMap, 'Folders it may use'),
  wasi: field(flag, false, 'Offer WASI'),
  opa: field(flag, false, 'An Open Policy Agent policy'),
  httpWasm: field(flag, false, 'A module of the http-wasm interface'),
  authorizations: field(authorizationsSchema, () => ({}), 'What it may do'),
  instances: field(count, 1, 'Instances at once'),
  killOptions: field(killOptionsSchema, () => ({}), 'When instances end'),
  isJS: field(flag, false, 'JavaScript inside'),
})
export type WasmConfig = v.InferOutput<typeof wasmConfigSchema>
