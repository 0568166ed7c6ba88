/**
 * Cost of finding a route among 1, 1,000 and 100,000: nanoseconds per match, bytes of memory per route, microseconds per change.
 * The request is the same shape each time; only the size of the table differs.
 */
import { compileFrontend, type RouterRequest, Router } from '../src/gateway/router/index.ts'
import { HeaderBlock } from '../src/http/headers.ts'

const SIZES = [1, 1_000, 100_000]
const ROUNDS = 7
const MATCHES = 300_000
/** Requests are asked for in turn, so that caches see a spread of routes. */
const ASKED = 64

const listener = { id: 'http', standard: true, exclusive: false }
const headers = HeaderBlock.from([['Host', 'api.example.com']])
const query = new URLSearchParams()
const cookies = new Map<string, string>()
const accept = () => true

interface Shape {
  readonly name: string
  readonly line: (i: number) => string
  readonly request: (i: number) => { domain: string; path: string }
}

const shapes: readonly Shape[] = [
  {
    name: 'own path in one domain',
    line: i => `api.example.com/services/s${String(i).padStart(6, '0')}/v1`,
    request: i => ({
      domain: 'api.example.com',
      path: `/services/s${String(i).padStart(6, '0')}/v1/users/42`,
    }),
  },
  {
    name: 'own domain',
    line: i => `s${String(i).padStart(6, '0')}.example.com`,
    request: i => ({ domain: `s${String(i).padStart(6, '0')}.example.com`, path: '/api/v1/users/42' }),
  },
  {
    name: 'own wildcard domain',
    line: i => `*.s${String(i).padStart(6, '0')}.example.com/api`,
    request: i => ({ domain: `eu.s${String(i).padStart(6, '0')}.example.com`, path: '/api/v1/users/42' }),
  },
  {
    name: 'path parameter',
    line: i => `api.example.com/s${String(i).padStart(6, '0')}/users/:id/bills`,
    request: i => ({ domain: 'api.example.com', path: `/s${String(i).padStart(6, '0')}/users/42/bills` }),
  },
]

function build(shape: Shape, size: number): Router<number> {
  const router = new Router<number>()
  for (let i = 0; i < size; i++) router.put(`route_${i}`, spec(shape.line(i)), i)
  return router
}

function spec(line: string) {
  const frontend = compileFrontend({ domains: [line] })
  if (!frontend.ok) throw new Error(line)
  return { frontend: frontend.value, enabled: true, boundListeners: [] }
}

function heap(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** A table and the requests it is asked. */
interface Table {
  readonly size: number
  readonly router: Router<number>
  readonly requests: readonly RouterRequest[]
  readonly bytes: number | null
}

function table(shape: Shape, size: number): Table {
  const before = heap()
  const router = build(shape, size)
  const bytes = globalThis.gc === undefined || size === 1 ? null : Math.round((heap() - before) / size)
  const requests: RouterRequest[] = []
  for (let i = 0; i < ASKED; i++) {
    const route = Math.floor((i * size) / ASKED)
    requests.push({ ...shape.request(route), method: 'GET', headers, query, cookies })
  }
  return { size, router, requests, bytes }
}

/** Nanoseconds per match over one round. */
function measure({ router, requests }: Table): number {
  const start = process.hrtime.bigint()
  for (let i = 0; i < MATCHES; i++)
    if (router.match(requests[i % ASKED]!, listener, accept) === null) throw new Error('no route')
  return Number(process.hrtime.bigint() - start) / MATCHES
}

/** Microseconds to replace one route. */
function change(shape: Shape, router: Router<number>, size: number): number {
  const changes = 2_000
  const start = process.hrtime.bigint()
  for (let i = 0; i < changes; i++) {
    const route = (i * 7919) % size
    router.put(`route_${route}`, spec(shape.line(route)), route)
  }
  return Number(process.hrtime.bigint() - start) / changes / 1000
}

for (const shape of shapes) {
  console.log(shape.name)
  const tables = SIZES.map(size => table(shape, size))
  const best = tables.map(() => Number.POSITIVE_INFINITY)
  // In turn, so that no size profits from code compiled for it alone.
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, each] of tables.entries()) best[i] = Math.min(best[i]!, measure(each))
  for (const [i, { size, router, bytes }] of tables.entries()) {
    const us = change(shape, router, size)
    const memory = bytes === null ? '' : `, ${bytes} bytes per route`
    console.log(
      `  ${String(size).padStart(7)} routes: ${best[i]!.toFixed(0).padStart(5)} ns per match, ${us.toFixed(1)} µs per change${memory}`,
    )
  }
}
