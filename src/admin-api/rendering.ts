/** Writing entities in the form the caller accepts: JSON, NDJSON, YAML, YAML as Kubernetes objects. */
import type { EntityDefinition } from '../model/entity.ts'
import type { Call } from './call.ts'
import { isTrue } from './call.ts'
import type { Reply } from './reply.ts'

export type Form = 'json' | 'ndjson' | 'yaml' | 'k8s'

type Entity = Record<string, unknown>
type Fields = ReadonlyArray<readonly [string, string]>

/** The form of the answer: JSON whenever the caller accepts it. */
export function formOf(call: Call): Form {
  const accepted = call.headers
    .getAll('accept')
    .join(',')
    .split(',')
    .map(type => type.split(';', 1)[0]!.trim().toLowerCase())
  const accepts = (...types: string[]) => types.some(type => accepted.includes(type))
  if (accepts('application/json', '*/*', 'application/*')) return 'json'
  if (accepts('application/x-ndjson')) return 'ndjson'
  if (accepts('application/yaml+k8s', 'application/yml+k8s')) return 'k8s'
  return accepts('application/yaml', 'application/yml') ? 'yaml' : 'json'
}

/** True when JSON is to be indented. */
export function isPretty(call: Call): boolean {
  const asked = call.query.get('pretty')
  return asked === null ? (call.services.pretty ?? true) : isTrue(asked)
}

/** An answer with one object. `definition` is needed for Kubernetes objects only. */
export async function renderOne(
  call: Call,
  status: number,
  value: Entity,
  definition: EntityDefinition | null = null,
  headers: Fields = [],
): Promise<Reply> {
  const form = formOf(call)
  if (form === 'yaml' || form === 'k8s') {
    const { stringify } = await import('yaml')
    const shown = form === 'k8s' && definition !== null ? kubernetesObject(definition, value) : value
    return { status, headers, type: 'application/yaml', body: stringify(shown, plainYaml) }
  }
  const wrapped = isTrue(call.query.get('envelope')) ? { data: value } : value
  const body = isPretty(call) ? JSON.stringify(wrapped, null, 2) : JSON.stringify(wrapped)
  return { status, headers, type: 'application/json', body }
}

/** An answer with a list, made while it is sent. */
export async function renderList(
  call: Call,
  entities: Iterable<Entity>,
  definition: EntityDefinition,
  headers: Fields = [],
): Promise<Reply> {
  const form = formOf(call)
  const body = await pieces(call, form, entities, definition)
  const type = {
    json: 'application/json',
    ndjson: 'application/x-ndjson',
    yaml: 'application/yaml',
    k8s: 'application/yaml',
  }
  return { status: 200, headers, type: type[form], body: inTurns(body) }
}

async function pieces(
  call: Call,
  form: Form,
  entities: Iterable<Entity>,
  definition: EntityDefinition,
): Promise<Iterable<string>> {
  if (form === 'json') return jsonList(entities, isPretty(call), isTrue(call.query.get('envelope')))
  if (form === 'ndjson') return lines(entities)
  const { stringify } = await import('yaml')
  if (form === 'yaml') return yamlList(entities, value => stringify(value, plainYaml))
  return documents(entities, value => stringify(kubernetesObject(definition, value), plainYaml))
}

const plainYaml = { lineWidth: 0, aliasDuplicateObjects: false }

function* jsonList(entities: Iterable<Entity>, pretty: boolean, envelope: boolean): Generator<string> {
  yield envelope ? '{"data":[' : '['
  let before = pretty ? '\n' : ''
  for (const entity of entities) {
    const text = pretty ? JSON.stringify(entity, null, 2) : JSON.stringify(entity)
    // Line feeds inside texts are escaped: only those between fields are moved.
    yield before + (pretty ? `  ${text.replaceAll('\n', '\n  ')}` : text)
    before = pretty ? ',\n' : ','
  }
  yield (pretty ? '\n]' : ']') + (envelope ? '}' : '')
}

function* lines(entities: Iterable<Entity>): Generator<string> {
  for (const entity of entities) yield `${JSON.stringify(entity)}\n`
}

function* yamlList(entities: Iterable<Entity>, write: (value: unknown) => string): Generator<string> {
  let empty = true
  for (const entity of entities) {
    empty = false
    yield write([entity])
  }
  if (empty) yield '[]\n'
}

function* documents(entities: Iterable<Entity>, write: (value: Entity) => string): Generator<string> {
  let before = ''
  for (const entity of entities) {
    yield before + write(entity)
    before = '---\n'
  }
}

/** The entity as a Kubernetes object of its kind. */
export function kubernetesObject(definition: EntityDefinition, value: Entity): Entity {
  const { kind: _, ...spec } = value
  const name = spec['name'] ?? spec[definition.idField]
  return { apiVersion: 'proxy.otoroshi.io/v1', kind: definition.kind, metadata: { name }, spec }
}

/** Gathers pieces into chunks, and lets other work run between them. */
async function* inTurns(source: Iterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for (const piece of source) {
    chunk += piece
    if (chunk.length < 65_536) continue
    yield chunk
    chunk = ''
    await new Promise(resolve => setImmediate(resolve))
  }
  if (chunk !== '') yield chunk
}
