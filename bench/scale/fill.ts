/** Fills a data directory with API keys and routes as the admin API would store them, without its cost. */
import { readEntity } from '../../src/model/read.ts'
import { apikey } from '../../src/model/kinds/apikey.ts'
import { route } from '../../src/model/kinds/route.ts'
import type { EntityDefinition } from '../../src/model/entity.ts'
import { storageKeyOf } from '../../src/model/storage-key.ts'
import type { Change, Store } from '../../src/store/contract.ts'

/** Entries written with one commit. */
const BATCH = 5000

/** Client id of a filled key. Not in the order they are made: ids of real keys are random. */
export function clientId(i: number): string {
  return `key-${(Math.imul(i, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}`
}

/** The secret of a filled key. */
export function clientSecret(i: number): string {
  return `secret-${i}-`.padEnd(64, 'abcdefghijklmnopqrstuvwxyz0123456789')
}

/** A key granted on the measured route, without its defaults. */
export function keyEntity(i: number): Record<string, unknown> {
  return {
    clientId: clientId(i),
    clientSecret: clientSecret(i),
    clientName: `consumer ${i}`,
    authorizedEntities: ['route_measured'],
    metadata: { created_at: '2026-01-01T00:00:00.000Z', owner: `team-${i % 1000}` },
  }
}

/** A route on a domain and path of its own, without its defaults. */
export function routeEntity(i: number, backend: number): Record<string, unknown> {
  return {
    id: `route-${i}`,
    name: `service ${i}`,
    frontend: { domains: [`host-${i % 1000}.test/service/${i}/v1`] },
    backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend, tls: false }] },
    plugins: [{ plugin: 'cp:otoroshi.next.plugins.OverrideHost' }],
  }
}

/** The route of the measured traffic: it wants an API key. */
export function measuredRoute(backend: number): Record<string, unknown> {
  return {
    id: 'measured',
    name: 'measured',
    frontend: { domains: ['measured.test'] },
    backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend, tls: false }] },
    plugins: [
      { plugin: 'cp:otoroshi.next.plugins.ApikeyCalls' },
      { plugin: 'cp:otoroshi.next.plugins.OverrideHost' },
    ],
  }
}

/** Writes `keys` keys, `routes` routes and the measured route. */
export async function fill(store: Store, keys: number, routes: number, backend: number): Promise<void> {
  await store.commit([stored(route, measuredRoute(backend))])
  await inBatches(store, keys, i => stored(apikey, keyEntity(i)))
  await inBatches(store, routes, i => stored(route, routeEntity(i, backend)))
}

async function inBatches(store: Store, count: number, make: (i: number) => Change): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const changes: Change[] = []
    for (let i = from; i < Math.min(count, from + BATCH); i++) changes.push(make(i))
    await store.commit(changes)
  }
}

function stored(definition: EntityDefinition, entity: Record<string, unknown>): Change {
  const parsed = readEntity(definition, entity)
  if (!parsed.ok) throw new Error(`the ${definition.kind} of the benchmark is not valid`)
  const id = String(entity[definition.idField])
  return { key: storageKeyOf('otoroshi', definition, id), value: JSON.stringify(parsed.value) }
}
