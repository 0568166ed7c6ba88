/** Configurations as Otoroshi's documentation describes them, made from the fields it lists. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fieldSamples, samples } from './samples.ts'

/** A setting as the reference lists it. */
export interface DescribedField {
  readonly name: string
  readonly type: string
  readonly default: unknown
  readonly meaning: string
}

/** A plugin as the reference describes it. */
export interface DescribedPlugin {
  readonly id: string
  readonly family: string
  readonly default_config: Readonly<Record<string, unknown>> | null
  readonly default_config_dynamic?: readonly string[]
  readonly config_fields: readonly DescribedField[]
}

const file = join(import.meta.dirname, '../../../../shared/reference/plugins.json')

/** All plugins of the reference; none where it is not there. */
export const described: readonly DescribedPlugin[] = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as DescribedPlugin[])
  : []

/** Defaults as a gateway of Otoroshi hands them out for a new slot. */
export function publishedDefaults(plugin: DescribedPlugin): Record<string, unknown> {
  const config: Record<string, unknown> = { ...plugin.default_config }
  for (const name of plugin.default_config_dynamic ?? []) config[name] = sampleOf(plugin, name, 'string')
  return config
}

/** Every field that is documented, each with a value of its type; those that are never read as they are written. */
export function everyField(plugin: DescribedPlugin): Record<string, unknown> {
  const config: Record<string, unknown> = {}
  for (const { name, type, default: fallback } of plugin.config_fields) {
    const empty = isEmpty(fallback) && type !== '(not read)'
    const value = samples[plugin.id]?.[name] ?? (empty ? sampleOf(plugin, name, type) : fallback)
    put(config, name, value)
  }
  return config
}

/** Sets a field by its dotted name. */
export function put(config: Record<string, unknown>, name: string, value: unknown): Record<string, unknown> {
  const [first = '', ...rest] = name.split('.')
  if (rest.length === 0) config[first] = value
  else config[first] = put({ ...(config[first] as Record<string, unknown>) }, rest.join('.'), value)
  return config
}

/** A value that is none of the type. */
export function wrongFor(type: string): unknown {
  return /^(object|map|NgTarget|string\[\]|number\[\])/.test(type) ? 7 : { wrong: [true] }
}

function sampleOf({ id }: DescribedPlugin, name: string, type: string): unknown {
  return samples[id]?.[name] ?? fieldSamples[name] ?? ofType(type)
}

function ofType(type: string): unknown {
  if (type.startsWith('map')) return { name: 'value' }
  if (type === 'string[]') return ['value']
  if (type === 'number[]' || type === 'NgTarget[]' || type === 'object[]') return []
  if (type.startsWith('object')) return {}
  if (type.startsWith('number')) return 1
  return type === 'boolean' ? true : 'value'
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value as object).length === 0
}
