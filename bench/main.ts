/**
 * `npm run bench`: the gateway beside nginx, HAProxy and Caddy, in one run, one core each, the same backend and load.
 * Prints CPU per request, ratios, latency at half of what each can do, memory; keeps the result as JSON.
 *
 * Absolute figures say nothing about another machine or another hour; ratios of one run do.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchRoute, cheapPlugins, fillRoutes, putRoute } from './gateway-setup.ts'
import { benchPrograms, ensurePrograms } from '../scripts/packages.js'
import {
  basicColumns,
  compare,
  type Contender,
  keep,
  latencyColumns,
  type Measure,
  median,
  otherCore,
  planOf,
  printTable,
  proxyCore,
  timesOf,
} from './compare.ts'
import { type Peer, startBackend, startCaddy, startGateway, startHaproxy, startNginx, stop } from './peers.ts'
import { settled } from './process-cost.ts'
import { measureStartUp, type StartUp } from './start-up.ts'

const plan = planOf(process.env)
/** Names of the contenders to measure; for a closer look at some. */
const only = new RegExp(process.env['BENCH_ONLY'] ?? '')
const manyRoutes = Number(process.env['BENCH_ROUTES'] ?? 100_000)

const missing = ensurePrograms(benchPrograms)
for (const program of ['h2load', 'nginx', 'taskset'])
  if (missing.includes(program)) fail(`${program} is needed and is not here`)

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
let backend: Peer | null = null
try {
  backend = await startBackend(folder, 19_000, otherCore)
  const contenders: Contender[] = [
    { name: 'nginx', open: () => startNginx(folder, 19_001, 19_000, proxyCore) },
    { name: 'haproxy', open: () => startHaproxy(folder, 19_002, 19_000, proxyCore) },
    { name: 'caddy', open: () => startCaddy(folder, 19_003, 19_000, proxyCore) },
    { name: 'otoroshi', open: () => gateway(19_004, []) },
    { name: 'otoroshi, two threads', open: () => gateway(19_007, [], 2) },
    { name: 'otoroshi, ten plugins', open: () => gateway(19_005, cheapPlugins) },
    {
      name: `otoroshi, ${manyRoutes} routes`,
      open: async () => {
        const peer = await gateway(19_006, [])
        await fillRoutes(peer.port, manyRoutes, 19_000)
        // New routes are looked at in the background; that is not what serving costs.
        await settled(peer.pid)
        return peer
      },
    },
  ].filter(({ name }) => !missing.includes(name) && only.test(name))

  const measures = await compare(backend, contenders, plan)
  report(measures, await measureStartUp(folder, 19_000, 5))
} finally {
  if (backend !== null) await stop(backend)
  rmSync(folder, { recursive: true, force: true })
}

async function gateway(
  port: number,
  plugins: readonly Record<string, unknown>[],
  threads = 1,
): Promise<Peer> {
  const peer = await startGateway(folder, port, proxyCore, threads)
  await putRoute(port, benchRoute(19_000, plugins))
  return peer
}

function report(measures: readonly Measure[], startUp: StartUp): void {
  const cost = (name: string): number => measures.find(m => m.name === name)?.cpuPerRequest ?? Number.NaN
  printTable(measures, [
    ['', m => m.name],
    ...basicColumns,
    timesOf(measures, 'nginx'),
    timesOf(measures, 'caddy', '× Caddy'),
    ...latencyColumns,
    ['RSS MB', m => m.residentMb.toFixed(0)],
    ['failed', m => String(m.failed)],
  ])
  const one = cost('otoroshi')
  const two = cost('otoroshi, two threads')
  if (!Number.isNaN(two))
    console.log(
      `\ntwo threads: CPU-bound capacity ${((2 * one) / two).toFixed(2)} × that of one (from CPU per request, both on one core)`,
    )
  console.log(
    `start to first proxied request: median ${median(startUp.times).toFixed(0)} ms of ${startUp.times.length}; idle memory with two threads ${startUp.idleMb.toFixed(0)} MB`,
  )
  keep('', { ...plan, measures, startUp })
}

function fail(message: string): never {
  console.error(`bench: ${message}`)
  process.exit(1)
}
