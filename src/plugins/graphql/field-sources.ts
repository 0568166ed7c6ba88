/** Where the values of fields come from: compiled once for a route, asked for each query. */
import { GraphQLError } from 'graphql'
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import { compileLookup } from '../json-paths.ts'
import type { CallDesk } from './call-desk.ts'
import { fieldTexts, type FieldValues, queryText, urlText } from './call-texts.ts'
import { type Directive, numberOf, textOf } from './directives.ts'
import { soapSource } from './soap-source.ts'

/** Milliseconds a call may take unless the directive says otherwise. */
const PATIENCE = 5_000

/** One query under way. */
export interface QueryRun {
  readonly exchange: Exchange
  readonly desk: CallDesk
}

/** What a field is asked with. */
export interface AskedField extends FieldValues {
  /** The field is a list. */
  readonly list: boolean
}

export type FieldSource = (run: QueryRun, field: AskedField) => unknown

/** What sources may use. */
export interface SourceServices {
  readonly plugin: PluginServices
  /** Source of `@json(path)`. */
  readonly initialData: unknown
}

/** Compiles a source. Throws a sentence that names the directive. */
export function fieldSource(directive: Directive, services: SourceServices): FieldSource {
  try {
    const source = sourceOf(directive, services)
    return directive.values['paginate'] === true ? paginated(source, directive) : source
  } catch (error) {
    throw new Error(`@${directive.name}: ${(error as Error).message}`)
  }
}

function sourceOf(directive: Directive, services: SourceServices): FieldSource {
  switch (directive.name) {
    case 'rest':
      return restSource(directive, services.plugin)
    case 'graphql':
      return graphqlSource(directive, services.plugin)
    case 'json':
      return jsonSource(directive, services.initialData)
    case 'mock':
      return mockSource(directive, services.plugin)
    case 'soap':
      return soapSource(directive, services.plugin)
    default:
      throw new Error('this source is not there')
  }
}

function restSource(directive: Directive, services: PluginServices): FieldSource {
  const url = urlText(textOf(directive, 'url') ?? '', services, 'url')
  const headers = fieldTexts(fieldsIn(directive), services)
  const method = (textOf(directive, 'method') ?? 'GET').toUpperCase()
  const path = textOf(directive, 'response_path')
  const lookup = path === undefined ? null : compileLookup(path)
  const timeout = numberOf(directive, 'timeout') ?? PATIENCE
  return async ({ exchange, desk }, field) => {
    const { status, body } = await desk.send({
      method,
      url: url(exchange, field),
      headers: [['Accept', 'application/json'], ...headers(exchange, field)],
      timeout,
      maxBody: services.bodyLimit,
    })
    if (status !== 200) return field.list ? [] : {}
    return found(jsonOf(body), lookup)
  }
}

function graphqlSource(directive: Directive, services: PluginServices): FieldSource {
  const url = urlText(textOf(directive, 'url') ?? '', services, 'url')
  const headers = fieldTexts(fieldsIn(directive), services)
  const query = queryText(textOf(directive, 'query') ?? '', services)
  const path = textOf(directive, 'response_path')
  const lookup = path === undefined ? null : compileLookup(path)
  const timeout = numberOf(directive, 'timeout') ?? PATIENCE
  return async ({ exchange, desk }, field) => {
    const { status, body } = await desk.send({
      method: 'POST',
      url: url(exchange, field),
      headers: [
        ['Content-Type', 'application/json'],
        ['Accept', 'application/json'],
        ...headers(exchange, field),
      ],
      body: JSON.stringify({ query: query(exchange, field), variables: null }),
      timeout,
      maxBody: services.bodyLimit,
    })
    if (status !== 200) return field.list ? [] : {}
    const json = jsonOf(body)
    if (lookup !== null) return found(json, lookup)
    // The one field that was asked for.
    const { data } = json as { readonly data?: unknown }
    const inner = typeof data === 'object' && data !== null ? Object.values(data) : []
    return inner.length === 1 ? inner[0] : data
  }
}

function jsonSource(directive: Directive, initialData: unknown): FieldSource {
  const data = textOf(directive, 'data')
  const path = textOf(directive, 'path')
  if (data === undefined && path === undefined) throw new Error('data or path is needed')
  const value = data === undefined ? found(initialData, compileLookup(path!)) : (JSON.parse(data) as unknown)
  return () => value
}

/** The mocks of a plugin of the same route. */
function mockSource(directive: Directive, { route }: PluginServices): FieldSource {
  const url = textOf(directive, 'url') ?? ''
  const slots = Array.isArray(route.json['plugins'])
    ? (route.json['plugins'] as Record<string, unknown>[])
    : []
  const mocks = slots
    .filter(({ plugin }) => plugin === 'cp:otoroshi.next.plugins.MockResponses')
    .flatMap(
      ({ config }) =>
        (config as { readonly responses?: Record<string, unknown>[] } | undefined)?.responses ?? [],
    )
  const mock = mocks.find(
    ({ path, method = 'GET' }) => path === url && String(method).toUpperCase() === 'GET',
  )
  if (typeof mock?.['body'] !== 'string') throw new Error(`no mock of the route answers GET ${url}`)
  const value = JSON.parse(mock['body']) as unknown
  return () => value
}

/** A part of a list: `limit` items from `offset` on, as arguments of the field or of the directive say. */
function paginated(source: FieldSource, directive: Directive): FieldSource {
  return async (run, field) => {
    const list = await source(run, field)
    if (!Array.isArray(list)) return list
    const number = (name: string, usual: number): number => {
      const given = field.params[name] ?? directive.values[name]
      return typeof given === 'number' && given >= 0 ? given : usual
    }
    const offset = number('offset', 0)
    return list.slice(offset, offset + number('limit', list.length))
  }
}

function found(value: unknown, lookup: ((value: unknown) => unknown) | null): unknown {
  return lookup === null ? value : (lookup(value) ?? null)
}

function fieldsIn(directive: Directive): Record<string, string> {
  const text = textOf(directive, 'headers')
  if (text === undefined) return {}
  const fields = JSON.parse(text) as Record<string, unknown>
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
}

export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new GraphQLError('a service did not answer JSON')
  }
}
