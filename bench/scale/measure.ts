/** What is measured on a running gateway. */
import { log } from 'node:console'
import { cpuMicros } from '../process-cost.ts'
import { Durations } from '../../test/support/storm/durations.ts'
import { clientId, clientSecret, keyEntity, routeEntity } from './fill.ts'
import { basic, type Gateway } from './gateway.ts'
import type { Sizes } from './sizes.ts'

const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
const ROUTES = '/apis/proxy.otoroshi.io/v1/routes'
/** Writers and callers at once. */
const WRITERS = 64
const CALLERS = 8

export interface Timed {
  readonly what: string
  readonly durations: Durations
}

/** Lists, gets, creates and filters, one call at a time. */
export async function timeAdminCalls(gateway: Gateway, sizes: Sizes, backend: number): Promise<Timed[]> {
  const any = (count: number) => Math.floor(Math.random() * count)
  const page = (count: number) => `pageSize=20&page=${1 + any(Math.max(1, Math.floor(count / 20)))}`
  const marks = Math.random().toString(36).slice(2)
  const { keys, routes } = sizes
  const calls: Array<readonly [string, number, (i: number) => readonly [string, string, unknown?]]> = [
    ['keys: page', keys, () => ['GET', `${KEYS}?${page(keys)}`]],
    ['keys: get', keys, () => ['GET', `${KEYS}/${clientId(any(keys))}`]],
    ['keys: create', keys, i => ['POST', KEYS, { ...keyEntity(0), clientId: `new-${marks}-${i}` }]],
    ['keys: create, then page', keys, () => ['GET', `${KEYS}?${page(keys)}`]],
    ['keys: count', keys, () => ['GET', `${KEYS}/_count`]],
    ['keys: filter by id', keys, () => ['GET', `${KEYS}?filter.clientId=${clientId(any(keys))}`]],
    ['keys: filter by name', keys, () => ['GET', `${KEYS}?filter.clientName=consumer%20${any(keys)}`]],
    [
      'keys: filtered',
      keys,
      () => ['GET', `${KEYS}?filtered=clientName:consumer%20${any(keys)}&pageSize=20`],
    ],
    ['routes: page', routes, () => ['GET', `${ROUTES}?${page(routes)}`]],
    ['routes: get', routes, () => ['GET', `${ROUTES}/route-${any(routes)}`]],
    [
      'routes: create',
      routes,
      i => ['POST', ROUTES, { ...routeEntity(0, backend), id: `new-${marks}-${i}` }],
    ],
    ['routes: filter by id', routes, () => ['GET', `${ROUTES}?filter.id=route-${any(routes)}`]],
    ['routes: filter by name', routes, () => ['GET', `${ROUTES}?filter.name=service%20${any(routes)}`]],
    [
      'routes: filtered',
      routes,
      () => ['GET', `${ROUTES}?filtered=name:service%20${any(routes)}&pageSize=20`],
    ],
  ]
  const results: Timed[] = []
  for (const [what, there, make] of calls) {
    if (there === 0) continue
    const durations = new Durations()
    for (let i = 0; i < sizes.calls; i++) {
      const [method, path, body] = make(i)
      const begun = performance.now()
      const { status, text } = await gateway.admin(method, path, body)
      durations.add(performance.now() - begun)
      if (status >= 300) throw new Error(`${what}: ${status} ${text.slice(0, 300)}`)
      if (what.includes('filter') && text.length < 50) throw new Error(`${what}: nothing found`)
    }
    results.push({ what, durations })
  }
  return results
}

export interface Sustained {
  readonly writesPerSecond: number
  readonly callsPerSecond: number
  readonly writes: Durations
  readonly calls: Durations
  readonly failures: number
  /** CPU seconds of the gateway per second. */
  readonly cpu: number
}

/** Creates, changes and removes keys for some seconds while calls with keys flow; every new key is used at once. */
export async function sustainWrites(gateway: Gateway, sizes: Sizes): Promise<Sustained> {
  const end = performance.now() + sizes.seconds * 1000
  const writes = new Durations()
  const calls = new Durations()
  let failures = 0
  const wrong = new Map<string, number>()
  const begun = cpuMicros(gateway.child.pid!)
  const from = performance.now()
  const timed = async (into: Durations, call: Promise<{ status: number; text: string }>, wanted: number) => {
    const at = performance.now()
    const { status, text } = await call
    into.add(performance.now() - at)
    if (status === wanted) return
    failures++
    const answer = `${status} for ${wanted}: ${text.slice(0, 200)}`
    wrong.set(answer, (wrong.get(answer) ?? 0) + 1)
  }
  const call = (id: string, secret: string, wanted: number) =>
    timed(calls, gateway.call('GET', 'measured.test', '/', basic(id, secret)), wanted)
  const writer = async (n: number) => {
    const mark = `churn-${n}-${Math.random().toString(36).slice(2)}`
    for (let i = 0; performance.now() < end; i++) {
      const key = { ...keyEntity(i), clientId: `${mark}-${i}`, clientSecret: 'first' }
      await timed(writes, gateway.admin('POST', KEYS, key), 201)
      await timed(
        writes,
        gateway.admin('PUT', `${KEYS}/${key.clientId}`, { ...key, clientSecret: 'second' }),
        200,
      )
      if (i % 20 === 0) await call(key.clientId, 'second', 200)
      if (i % 20 === 10) await call(key.clientId, 'first', 401)
      await timed(writes, gateway.admin('DELETE', `${KEYS}/${key.clientId}`), 200)
      if (i % 20 === 5) await call(key.clientId, 'second', 400)
    }
  }
  const caller = async () => {
    while (performance.now() < end) {
      const i = Math.floor(Math.random() * sizes.keys)
      await call(clientId(i), clientSecret(i), 200)
    }
  }
  await Promise.all([
    ...Array.from({ length: WRITERS }, (_, n) => writer(n)),
    ...Array.from({ length: sizes.keys > 0 ? CALLERS : 0 }, caller),
  ])
  for (const [answer, times] of [...wrong].slice(0, 5)) log(`  wrong, ${times} times: ${answer}`)
  const seconds = (performance.now() - from) / 1000
  return {
    writesPerSecond: writes.count / seconds,
    callsPerSecond: calls.count / seconds,
    writes,
    calls,
    failures,
    cpu: (cpuMicros(gateway.child.pid!) - begun) / 1e6 / seconds,
  }
}

/** Creates routes with one NDJSON call each of many; seconds. */
export async function bulkRoutes(gateway: Gateway, count: number, backend: number): Promise<number> {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify(routeEntity(i, backend)))
  const begun = performance.now()
  const { status, text } = await gateway.admin(
    'POST',
    `${ROUTES}/_bulk`,
    `${lines.join('\n')}\n`,
    'application/x-ndjson',
  )
  const created = text.split('\n').filter(line => line.includes('"created":true')).length
  if (status !== 200 || created !== count)
    throw new Error(`bulk: ${status}, ${created} created, ${text.slice(-300)}`)
  return (performance.now() - begun) / 1000
}
