/**
 * `npm run bench:plugins`: what each built-in plugin adds to a request, microseconds of CPU in the gateway above a plain
 * route of the same process. The plugins of a family share a process, each on a route of its own; in every round each has
 * its turn, with the plain route right before and after it. Turns are short: what else the machine does, which makes the same
 * request cost more at one time than at another, is then mostly the same for both.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchPrograms, ensurePrograms } from '../scripts/packages.js'
import { allBuiltIn } from '../src/plugins/index.ts'
import { keep, median, otherCore, proxyCore, quantile } from './compare.ts'
import { putRoute } from './gateway-setup.ts'
import { saturate } from './load.ts'
import { type Peer, startBackend, startGateway, stop } from './peers.ts'
import { type MeasuredPlugin, measuredPlugins, notMeasured, putCallers } from './plugin-setup.ts'
import type { PluginCost, PluginCosts } from './plugin-table.ts'
import { threadMicros } from './process-cost.ts'

const BACKEND = 19_200

const seconds = Number(process.env['BENCH_SECONDS'] ?? 0.25)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15)
const only = new RegExp(process.env['BENCH_ONLY'] ?? '')

const missing = ensurePrograms(benchPrograms)
for (const program of ['h2load', 'nginx', 'taskset'])
  if (missing.includes(program)) {
    console.error(`bench: ${program} is needed and is not here`)
    process.exit(1)
  }

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
const plugins = measuredPlugins(await allBuiltIn(), BACKEND).filter(({ id, family }) =>
  only.test(`${family} ${id}`),
)
if (plugins.length === 0) {
  console.error('bench: BENCH_ONLY leaves no plugin')
  process.exit(1)
}
let backend: Peer | null = null
try {
  backend = await startBackend(folder, BACKEND, otherCore)
  const plains: number[] = []
  const costs: PluginCost[] = []
  for (const family of new Set(plugins.map(plugin => plugin.family))) {
    const measured = await measureFamily(plugins.filter(plugin => plugin.family === family))
    plains.push(...measured.plains)
    costs.push(...measured.costs)
    for (const cost of measured.costs) print(cost)
  }
  const result: PluginCosts = { seconds, rounds, plain: median(plains), costs }
  console.log(`\nplain route: ${result.plain.toFixed(1)} µs per request; ${costs.length} plugins`)
  for (const [name, why] of Object.entries(notMeasured)) console.log(`not measured: ${name} (${why})`)
  keep('-plugins', { ...result })
} finally {
  if (backend !== null) await stop(backend)
  rmSync(folder, { recursive: true, force: true })
}

interface Family {
  readonly plains: readonly number[]
  readonly costs: readonly PluginCost[]
}

async function measureFamily(family: readonly MeasuredPlugin[]): Promise<Family> {
  const port = BACKEND + 1
  const gateway = await startGateway(folder, port, proxyCore, 1)
  try {
    const routes = family.map((_, at) => `bench-${at}`)
    await putRoute(port, route('bench-plain', []))
    for (const [at, { id, config }] of family.entries())
      await putRoute(port, route(routes[at]!, [{ plugin: id, config }]))
    await putCallers(port, routes)
    const measure = (id: string, headers: readonly string[] = []) =>
      cost(gateway, `http://127.0.0.1:${port}/${id}/`, headers)
    const statuses = await Promise.all(family.map(({ headers }, at) => look(port, routes[at]!, headers)))
    for (const [at, { headers }] of family.entries()) await measure(routes[at]!, headers)
    const added: number[][] = family.map(() => [])
    const plains = [await measure('bench-plain')]
    for (let round = 0; round < rounds; round++)
      for (const [at, { headers }] of family.entries()) {
        const before = plains.at(-1)!
        const micros = await measure(routes[at]!, headers)
        const after = await measure('bench-plain')
        plains.push(after)
        added[at]!.push(micros - (before + after) / 2)
      }
    const costs = family.map(({ id, family: name, settings }, at) => ({
      id,
      family: name,
      settings,
      ...statuses[at]!,
      added: median(added[at]!),
      lower: quantile(added[at]!, 0.25),
      upper: quantile(added[at]!, 0.75),
    }))
    return { plains, costs }
  } finally {
    await stop(gateway)
    rmSync(join(folder, `data-${port}`), { recursive: true, force: true })
  }
}

/** A route on a path of its own. */
function route(id: string, plugins: readonly Record<string, unknown>[]): Record<string, unknown> {
  return {
    id,
    name: id,
    frontend: { domains: [`127.0.0.1/${id}`] },
    backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: BACKEND, tls: false }] },
    plugins,
  }
}

/** Microseconds of CPU per request, refused ones included: h2load counts only those below 400 as succeeded. */
async function cost({ pid }: Peer, url: string, headers: readonly string[]): Promise<number> {
  const before = threadMicros(pid)
  const { requests, failed } = await saturate({ url, headers, clients: 32, seconds, core: otherCore })
  return (threadMicros(pid) - before) / Math.max(1, requests + failed)
}

/** What callers get: whether it is the answer of the backend shows in its `Server`. */
function look(
  port: number,
  id: string,
  fields: readonly string[],
): Promise<Pick<PluginCost, 'status' | 'passes'>> {
  const headers = Object.fromEntries(
    ['Accept: */*', 'Cookie: session=4f1d2c7a9b; theme=dark', 'X-Request-Source: bench', ...fields].map(
      field => {
        const colon = field.indexOf(':')
        return [field.slice(0, colon), field.slice(colon + 2)]
      },
    ),
  )
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path: `/${id}/`, headers, agent: false }, response => {
        response.resume()
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            passes: /nginx/.test(String(response.headers.server)),
          }),
        )
      })
      .on('error', reject)
  })
}

function print({ id, settings, status, passes, added, lower, upper }: PluginCost): void {
  const name = id.slice(id.lastIndexOf('.') + 1).padEnd(46)
  const figures = [added, lower, upper].map(micros => micros.toFixed(1).padStart(8)).join('')
  console.log(`${name}${figures}  ${passes ? 'passes' : `answers ${status}`}, ${settings}`)
}
