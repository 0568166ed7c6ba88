/** Calls the operations of a document on a running gateway, and holds each answer against the document. */
import assert from 'node:assert/strict'
import type { AdminAnswer, TestGateway } from './gateway.ts'
import type { Contract, DocumentedOperation } from './openapi-contract.ts'

type Json = Record<string, unknown>

export interface WalkedCall {
  /** What stands in the place of the names of the path; `nowhere` for those that are not given. */
  readonly parts?: Readonly<Record<string, string>>
  readonly query?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export class Walk {
  readonly #gateway: TestGateway
  readonly #contract: Contract
  /** Status → calls that were answered with it. */
  readonly statuses = new Map<number, number>()

  constructor(gateway: TestGateway, contract: Contract) {
    this.#gateway = gateway
    this.#contract = contract
  }

  /** Calls an operation and checks its answer; `status`: the one it must have. */
  async call(id: string, status: number, call: WalkedCall = {}): Promise<AdminAnswer> {
    const answer = await this.answerAny(id, call)
    assert.equal(answer.status, status, `${id}: ${answer.text.slice(0, 500)}`)
    return answer
  }

  /** Calls an operation and checks that its answer is documented. */
  async answerAny(id: string, call: WalkedCall = {}): Promise<AdminAnswer> {
    const operation = this.#contract.operation(id)
    const answer = await this.send(operation, call)
    this.#contract.check(operation, answer)
    return answer
  }

  /** Calls an operation with nothing but what the document says, and checks that its answer is documented. */
  async callBlindly(operation: DocumentedOperation, call: WalkedCall = {}): Promise<AdminAnswer> {
    const content = operation.requestBody?.content['application/json']
    const answer = await this.send(operation, {
      ...(content?.example !== undefined && { body: content.example }),
      ...call,
    })
    this.#contract.check(operation, answer)
    return answer
  }

  /** Calls an operation for nothing; the answer must say what would happen. */
  async callDry(id: string, would: string, call: WalkedCall = {}): Promise<void> {
    const answer = await this.send(this.#contract.operation(id), { ...call, query: '?dry_run=true' })
    assert.deepEqual([answer.status, answer.json?.would], [200, would], `${id}: ${answer.text}`)
    this.#contract.checkShape('DryRun', answer.json)
  }

  /** Calls a path, whoever documents it. */
  async send(
    { method, path }: { readonly method: string; readonly path: string },
    { parts = {}, query = '', body, headers = {} }: WalkedCall = {},
  ): Promise<AdminAnswer> {
    const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(parts[name] ?? 'nowhere'),
    )
    const answer = await this.#gateway.admin(method, target + query, body, headers)
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1)
    return answer
  }
}

const ndjson = { 'Content-Type': 'application/x-ndjson' } as const
const yaml = { Accept: 'application/yaml' } as const
const patch = [{ op: 'add', path: '/metadata', value: { walked: 'yes' } }]
type Parts = Readonly<Record<string, string>>

const first: Parts = { id: 'walk-1' }
const parts = first

export interface WalkedKind {
  /** How its operations begin: `proxy.otoroshi.io.Route` or `legacy.Route`. */
  readonly name: string
  readonly idField: string
  /** A valid entity. */
  readonly template: Json
}

function lines(values: readonly Json[]): string {
  return values.map(value => `${JSON.stringify(value)}\n`).join('')
}

/** What the generic API offers on a kind that can be created and changed, from the first to the last entity. */
export async function walkGeneric(walk: Walk, { name, idField, template }: WalkedKind): Promise<void> {
  const named = (id: string): Json => ({ ...template, [idField]: id })
  await walk.callDry(`${name}.create`, 'create', { body: named('walk-1') })
  await walk.call(`${name}.create`, 201, { body: named('walk-1') })
  await walk.call(`${name}.create`, 409, { body: named('walk-1') })
  await walk.call(`${name}.create`, 400, { body: '{' })
  const { headers, json } = await walk.call(`${name}.findById`, 200, { parts })
  const known = { 'If-None-Match': headers.get('etag')! }
  await walk.call(`${name}.findById`, 304, { parts, headers: known })
  await walk.call(`${name}.findById`, 200, { parts, headers: yaml })
  await walkList(walk, name)
  await walk.call(`${name}.findAll`, 200, { headers: yaml })
  await walk.call(`${name}.count`, 200)
  await walk.call(`${name}.schema`, 200)
  await walk.call(`${name}.template`, 200)
  await walk.call(`${name}.updateById`, 200, { parts, body: json })
  await walk.call(`${name}.updateById`, 404, { body: json })
  await walk.call(`${name}.updateById`, 412, { parts, body: json, headers: { 'If-Match': '"another"' } })
  await walk.call(`${name}.upsertById`, 200, { parts, body: json })
  await walk.call(`${name}.upsertById`, 201, { parts: { id: 'walk-2' }, body: named('walk-2') })
  await walk.call(`${name}.pathById`, 200, { parts, body: patch })
  await walkBelow(walk, name)
  await walkVersions(walk, name)
  await walk.call(`${name}.deleteById`, 200, { parts: { id: 'walk-2' } })
  await walk.callDry(`${name}.deleteById`, 'delete', { parts })
  await walk.call(`${name}.deleteById`, 200, { parts })
  await walk.call(`${name}.deleteById`, 404, { parts })
  await walkBulk(walk, { name, idField, template })
}

/** What the older API offers on a kind. */
export async function walkLegacy(walk: Walk, { name, idField, template }: WalkedKind): Promise<void> {
  const body = { ...template, [idField]: 'walk-1' }
  await walk.callDry(`${name}.create`, 'create', { body })
  await walk.call(`${name}.create`, 201, { body })
  await walk.call(`${name}.create`, 400, { body })
  const { headers, json } = await walk.call(`${name}.findById`, 200, { parts })
  await walk.call(`${name}.findById`, 304, { parts, headers: { 'If-None-Match': headers.get('etag')! } })
  await walkList(walk, name)
  await walk.call(`${name}.template`, 200)
  await walk.call(`${name}.complete`, 201, { body: { name: 'Completed' } })
  await walk.call(`${name}.updateById`, 200, { parts, body: json })
  await walk.call(`${name}.updateById`, 400, { parts, body: '{' })
  await walk.call(`${name}.updateById`, 412, { parts, body: json, headers: { 'If-Match': '"another"' } })
  await walk.call(`${name}.patchById`, 200, { parts, body: patch })
  await walkBelow(walk, name)
  await walk.callDry(`${name}.deleteById`, 'delete', { parts })
  await walk.call(`${name}.deleteById`, 200, { parts })
  await walk.call(`${name}.deleteById`, 404, { parts })
  await walkBulk(walk, { name, idField, template })
}

async function walkList(walk: Walk, name: string): Promise<void> {
  const { json } = await walk.call(`${name}.findAll`, 200, { query: '?pageSize=5' })
  assert.ok(json.length > 0, `${name}: the list is empty`)
  await walk.call(`${name}.findAll`, 200, { headers: { Accept: 'application/x-ndjson' } })
  await walk.call(`${name}.findAll`, 501, { query: '?filter.$.a..b=1' })
}

/** Whether it serves, what it refers to. */
export async function walkBelow(walk: Walk, name: string, parts: Parts = first): Promise<void> {
  await walk.call(`${name}.status`, 200, { parts })
  await walk.call(`${name}.references`, 200, { parts })
}

/** Its versions; there are some. */
export async function walkVersions(walk: Walk, name: string, parts: Parts = first): Promise<void> {
  const { json } = await walk.call(`${name}.versions`, 200, { parts })
  const [latest, oldest] = [json[0], json.at(-1)].map(change => ({
    ...parts,
    version: String(change.version),
  }))
  await walk.call(`${name}.version`, 200, { parts: latest! })
  await walk.call(`${name}.versionDiff`, 200, { parts: oldest!, query: `?to=${latest!.version}` })
  await walk.call(`${name}.versionDiff`, 200, { parts: latest! })
  await walk.call(`${name}.restoreVersion`, 200, { parts: oldest! })
}

/** Many at once; lines that fail are answered too. */
async function walkBulk(walk: Walk, { name, idField, template }: WalkedKind): Promise<void> {
  const some = ['walk-3', 'walk-4'].map(id => ({ ...template, [idField]: id }))
  const ids = some.map(entity => ({ [idField]: entity[idField] }))
  const bulk = async (operation: string, values: readonly Json[], statuses: readonly number[]) => {
    const answer = await walk.call(`${name}.bulk_${operation}`, 200, { headers: ndjson, body: lines(values) })
    const got = answer.text.trim().split('\n')
    const found = got.map(line => JSON.parse(line).status)
    assert.deepEqual(found, statuses, `${name}.bulk_${operation}: ${answer.text}`)
  }
  await bulk('create', [...some, { [idField]: 7 }], [201, 201, 400])
  await bulk('update', some, [200, 200])
  await bulk(
    'patch',
    ids.map(line => ({ ...line, patch })),
    [200, 200],
  )
  await bulk('delete', [...ids, ...ids], [200, 200, 404, 404])
  await walk.call(`${name}.bulk_delete`, 400, { body: ids[0] })
}
