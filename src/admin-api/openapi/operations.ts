/** Operations of the document, from the rows that route the calls. */
import type { EntityDefinition } from '../../model/entity.ts'
import type { Content, Endpoint, KindEndpoint, Operation, Shape, Success } from '../endpoints/endpoint.ts'
import { everyCall, everyChange, refusals } from '../endpoints/refusals.ts'
import { text } from '../endpoints/shapes.ts'
import { isOffered, type KindPath } from '../endpoints/table.ts'
import { schemaName } from './kind-schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** Path → method → operation. */
export type Paths = Record<string, Record<string, Json>>

const pathNames: Readonly<Record<string, string>> = {
  id: 'Id of the entity',
  version: 'Number of the version',
  clientId: 'Id of the API key',
  username: 'Name of the administrator',
  passkey: 'Id of the passkey',
  line: 'Name of the environment',
  requestId: 'Id of the request',
  tryItId: 'Id that was given out',
}

/** Adds an endpoint with a path of its own. */
export function addEndpoint(paths: Paths, endpoint: Endpoint): void {
  add(
    paths,
    endpoint.path,
    endpoint.method,
    operationOf(endpoint, endpoint.path, endpoint.id, [endpoint.tag]),
  )
}

/** Adds what a kind offers below a path of its. */
export function addKind(paths: Paths, { definition, path, rows }: KindPath): void {
  const { singular, group } = definition
  const older = path.startsWith('/api/')
  for (const row of rows) {
    if (!isOffered(definition, row)) continue
    const id = older ? `legacy.${definition.kind}.${row.id}` : `${schemaName(definition)}.${row.id}`
    const operation = operationOf(row, path + row.path, id, older ? [singular, 'legacy'] : [singular, group])
    add(paths, path + row.path, row.method, named(definition, operation))
  }
}

function add(paths: Paths, path: string, method: string, operation: Json): void {
  const item = (paths[path] ??= {})
  item[method.toLowerCase()] = operation
}

// Texts and schemas of rows name the kind with a placeholder.
function named(definition: EntityDefinition, operation: Json): Json {
  const { kind, plural, idField } = definition
  const words: Readonly<Record<string, string>> = {
    '{kind}': kind,
    '{kinds}': plural,
    '{schema}': schemaName(definition),
    '{idField}': idField,
  }
  const filled = JSON.stringify(operation).replaceAll(/\{(?:kinds?|schema|idField)\}/g, word => words[word]!)
  return JSON.parse(filled) as Json
}

function operationOf(row: Operation | KindEndpoint, path: string, id: string, tags: string[]): Json {
  const { summary, description, body } = row
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => pathParameter(name!)),
    ...(row.parameters ?? []).map(name => ({ $ref: `#/components/parameters/${name}` })),
  ]
  return {
    operationId: id,
    tags,
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        description: body.description,
        required: body.required ?? true,
        content: contentOf(body.content, body.example),
      },
    }),
    responses: responsesOf(row),
  }
}

function pathParameter(name: string): Json {
  return { name, in: 'path', required: true, description: pathNames[name] ?? name, schema: text }
}

function responsesOf(row: Operation | KindEndpoint): Json {
  const changes = row.method === 'GET' ? [] : everyChange
  const refused = [...everyCall, ...changes, ...(row.refusals ?? [])].map(
    status => [status, refusalRef(status)] as const,
  )
  const answered = Object.entries(row.answers).map(
    ([status, answer]) => [Number(status), responseOf(answer)] as const,
  )
  const all = [...answered, ...refused].sort(([a], [b]) => a - b)
  return Object.fromEntries([...all, ['default', { $ref: '#/components/responses/Refused' }]])
}

function refusalRef(status: number): Json {
  const refusal = refusals[status]
  if (refusal === undefined) throw new TypeError(`the refusal ${status} is not described`)
  return { $ref: `#/components/responses/${refusal.name}` }
}

function responseOf({ description, content, headers = {} }: Success): Json {
  const described = Object.entries(headers).map(
    ([name, what]) => [name, { description: what, schema: text }] as const,
  )
  return {
    description,
    ...(described.length > 0 && { headers: Object.fromEntries(described) }),
    ...(content !== undefined && { content: contentOf(content) }),
  }
}

function contentOf(content: Content, example?: unknown): Json {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]: [string, Shape]) => [
      type,
      { schema, ...(example !== undefined && type === 'application/json' && { example }) },
    ]),
  )
}
