/**
 * `npm run bench`: the gateway beside nginx, HAProxy and Caddy, in one run, one core each, the same backend and load.
 * Prints CPU per request, ratios, latency at half of what each can do, memory; keeps the result as JSON.
 *
 * Absolute figures say nothing about another machine or another hour; ratios of one run do.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchRoute, cheapPlugins, fillRoutes, putRoute } from './gateway-setup.ts'
import { type PacedResult, paced, saturate } from './load.ts'
import { benchPrograms, ensurePrograms } from '../scripts/packages.js'
import {
  type Peer,
  PeerFailed,
  startBackend,
  startCaddy,
  startGateway,
  startHaproxy,
  startNginx,
  stop,
} from './peers.ts'
import { cpuMicros, residentBytes, settled } from './process-cost.ts'
import { measureStartUp, type StartUp } from './start-up.ts'

interface Measure {
  readonly name: string
  readonly perSecond: number
  readonly cpuPerRequest: number
  readonly p50: number
  readonly p99: number
  /** p99 above that of the backend called directly at the same rate, milliseconds: the middle of the rounds. */
  readonly addedP99: number
  /** The same in the quietest round of each: what else the machine does can only add to a time. */
  readonly quietAddedP99: number
  readonly residentMb: number
  readonly failed: number
}

const seconds = Number(process.env['BENCH_SECONDS'] ?? 4)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const clients = 64
/** Names of the contenders to measure; for a closer look at some. */
const only = new RegExp(process.env['BENCH_ONLY'] ?? '')
const manyRoutes = Number(process.env['BENCH_ROUTES'] ?? 100_000)
// The proxy under test has a core of its own; load and backend share the others.
const [proxyCore, otherCore] = cpus().length > 1 ? [0, 1] : [0, 0]

const missing = ensurePrograms(benchPrograms)
for (const program of ['h2load', 'nginx', 'taskset'])
  if (missing.includes(program)) fail(`${program} is needed and is not here`)

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
const peers: Peer[] = []
try {
  const backend = await startBackend(folder, 19_000, otherCore)
  peers.push(backend)
  const contenders: { name: string; open: () => Promise<Peer> }[] = [
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

  const running: { name: string; peer: Peer; costs: number[]; rates: number[]; failed: number }[] = []
  for (const { name, open } of contenders) {
    try {
      const peer = await open()
      peers.push(peer)
      running.push({ name, peer, costs: [], rates: [], failed: 0 })
    } catch (error) {
      if (!(error instanceof PeerFailed)) throw error
      console.log(`skipped: ${name} (${error.message.split('\n')[0]})`)
    }
  }
  // Everybody in turn, several times: the machine's moods hit all alike.
  for (let round = 0; round < rounds; round++) {
    for (const entry of running) {
      const load = { url: url(entry.peer), clients, core: otherCore }
      await saturate({ ...load, seconds: 1 })
      const before = cpuMicros(entry.peer.pid)
      const result = await saturate({ ...load, seconds })
      entry.costs.push((cpuMicros(entry.peer.pid) - before) / result.requests)
      entry.rates.push(result.perSecond)
      entry.failed += result.failed
    }
  }
  const measures: Measure[] = []
  for (const { name, peer, costs, rates, failed } of running) {
    const rate = median(rates)
    const load = { clients, seconds, core: otherCore }
    const direct: PacedResult[] = []
    const timed: PacedResult[] = []
    for (let round = 0; round < rounds; round++) {
      direct.push(await paced({ url: url(backend), ...load }, rate / 2))
      timed.push(await paced({ url: url(peer), ...load }, rate / 2))
    }
    const p99s = timed.map(result => result.p99)
    const directP99s = direct.map(result => result.p99)
    measures.push({
      name,
      perSecond: rate,
      cpuPerRequest: median(costs),
      p50: median(timed.map(result => result.p50)),
      p99: median(p99s),
      addedP99: median(p99s) - median(directP99s),
      quietAddedP99: Math.min(...p99s) - Math.min(...directP99s),
      residentMb: residentBytes(peer.pid) / 2 ** 20,
      failed: timed.reduce((all, result) => all + result.failed, failed),
    })
  }
  for (const { peer } of running) await stop(peer)
  report(measures, await measureStartUp(folder, 19_000, 5))
} finally {
  for (const peer of peers.reverse()) await stop(peer)
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

function url(peer: Peer): string {
  return `http://127.0.0.1:${peer.port}/`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

function report(measures: readonly Measure[], startUp: StartUp): void {
  const cost = (name: string): number => measures.find(m => m.name === name)?.cpuPerRequest ?? Number.NaN
  const columns = [
    '',
    'req/s',
    'CPU µs/req',
    '× nginx',
    '× Caddy',
    'p50 ms',
    'p99 ms',
    'added p99',
    'quietest',
    'RSS MB',
    'failed',
  ]
  const rows = measures.map(m => [
    m.name,
    m.perSecond.toFixed(0),
    m.cpuPerRequest.toFixed(1),
    ratio(m.cpuPerRequest, cost('nginx')),
    ratio(m.cpuPerRequest, cost('caddy')),
    m.p50.toFixed(2),
    m.p99.toFixed(2),
    m.addedP99.toFixed(2),
    m.quietAddedP99.toFixed(2),
    m.residentMb.toFixed(0),
    String(m.failed),
  ])
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]!.length)))
  for (const row of [columns, ...rows])
    console.log(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    )
  const one = cost('otoroshi')
  const two = cost('otoroshi, two threads')
  if (!Number.isNaN(two))
    console.log(
      `\ntwo threads: CPU-bound capacity ${((2 * one) / two).toFixed(2)} × that of one (from CPU per request, both on one core)`,
    )
  console.log(
    `start to first proxied request: median ${median(startUp.times).toFixed(0)} ms of ${startUp.times.length}; idle memory with two threads ${startUp.idleMb.toFixed(0)} MB`,
  )
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  // A release keeps its own: BENCH_KEEP=0.1.0.
  const file = join(results, `${process.env['BENCH_KEEP'] ?? 'latest'}.json`)
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version }
  writeFileSync(
    file,
    `${JSON.stringify({ machine, clients, seconds, rounds, measures, startUp }, null, 2)}\n`,
  )
  console.log(`\nkept in ${file}`)
}

/** Empty beside a peer that was not measured. */
function ratio(value: number, other: number): string {
  return Number.isNaN(other) ? '' : (value / other).toFixed(2)
}

function fail(message: string): never {
  console.error(`bench: ${message}`)
  process.exit(1)
}
