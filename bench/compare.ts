/** Measures contenders beside each other: everybody in turn, several times, so that the machine's moods hit all alike. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { type LoadOptions, type PacedResult, paced, saturate } from './load.ts'
import { type Peer, PeerFailed, stop } from './peers.ts'
import { cpuMicros, residentBytes } from './process-cost.ts'

export interface Contender {
  readonly name: string
  readonly open: () => Promise<Peer>
  /** What is called; the root over HTTP unless given. */
  readonly url?: (peer: Peer) => string
  /** Further header fields of each request. */
  readonly headers?: readonly string[]
}

export interface Measure {
  readonly name: string
  readonly perSecond: number
  /** Microseconds. */
  readonly cpuPerRequest: number
  /** Milliseconds, at half of what the contender can do: the middle of the rounds. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  /** Above the backend called directly at the same rate, milliseconds: the middle of the rounds. */
  readonly addedP95: number
  readonly addedP99: number
  /** The same in the quietest round of each: what else the machine does can only add to a time. */
  readonly quietAddedP95: number
  readonly quietAddedP99: number
  readonly residentMb: number
  readonly failed: number
}

export interface Plan {
  readonly seconds: number
  readonly rounds: number
  readonly clients: number
}

/** The proxy under test has a core of its own; load and backend share the others. */
export const [proxyCore, otherCore] = cpus().length > 1 ? ([0, 1] as const) : ([0, 0] as const)

/** Length and number of the rounds, from the environment. */
export function planOf(env: NodeJS.ProcessEnv): Plan {
  return {
    seconds: Number(env['BENCH_SECONDS'] ?? 4),
    rounds: Number(env['BENCH_ROUNDS'] ?? 5),
    clients: 64,
  }
}

/** Opens, measures and stops the contenders; one that does not start is left out and named. */
export async function compare(
  backend: Peer,
  contenders: readonly Contender[],
  plan: Plan,
): Promise<Measure[]> {
  const running = await openAll(contenders, plan)
  try {
    for (let round = 0; round < plan.rounds; round++)
      for (const entry of running) {
        await saturate({ ...entry.load, seconds: 1 })
        const before = cpuMicros(entry.peer.pid)
        const result = await saturate(entry.load)
        entry.costs.push((cpuMicros(entry.peer.pid) - before) / result.requests)
        entry.rates.push(result.perSecond)
        entry.failed += result.failed
      }
    const measures: Measure[] = []
    for (const entry of running) measures.push(await atHalfLoad(entry, backend, plan))
    return measures
  } finally {
    for (const { peer } of running) await stop(peer)
  }
}

interface Running {
  readonly name: string
  readonly peer: Peer
  readonly load: LoadOptions
  readonly costs: number[]
  readonly rates: number[]
  failed: number
}

async function openAll(contenders: readonly Contender[], { clients, seconds }: Plan): Promise<Running[]> {
  const running: Running[] = []
  for (const { name, open, url = rootOf, headers = [] } of contenders)
    try {
      const peer = await open()
      const load = { url: url(peer), headers, clients, seconds, core: otherCore }
      running.push({ name, peer, load, costs: [], rates: [], failed: 0 })
    } catch (error) {
      if (!(error instanceof PeerFailed)) throw error
      console.log(`skipped: ${name} (${error.message.split('\n')[0]})`)
    }
  return running
}

async function atHalfLoad(
  { name, peer, load, costs, rates, failed }: Running,
  backend: Peer,
  { rounds }: Plan,
): Promise<Measure> {
  const rate = median(rates)
  const direct: PacedResult[] = []
  const timed: PacedResult[] = []
  for (let round = 0; round < rounds; round++) {
    direct.push(await paced({ ...load, url: rootOf(backend) }, rate / 2))
    timed.push(await paced(load, rate / 2))
  }
  const middle = (results: readonly PacedResult[], key: 'p50' | 'p95' | 'p99') =>
    median(results.map(result => result[key]))
  const least = (results: readonly PacedResult[], key: 'p95' | 'p99') =>
    Math.min(...results.map(result => result[key]))
  return {
    name,
    perSecond: rate,
    cpuPerRequest: median(costs),
    p50: middle(timed, 'p50'),
    p95: middle(timed, 'p95'),
    p99: middle(timed, 'p99'),
    addedP95: middle(timed, 'p95') - middle(direct, 'p95'),
    addedP99: middle(timed, 'p99') - middle(direct, 'p99'),
    quietAddedP95: least(timed, 'p95') - least(direct, 'p95'),
    quietAddedP99: least(timed, 'p99') - least(direct, 'p99'),
    residentMb: residentBytes(peer.pid) / 2 ** 20,
    failed: timed.reduce((all, result) => all + result.failed, failed),
  }
}

function rootOf(peer: Peer): string {
  return `http://127.0.0.1:${peer.port}/`
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value that this share of all are below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)]!
}

/** One column of the printed table. */
export type Column = readonly [title: string, value: (measure: Measure) => string]

/** Prints a row for each contender. */
export function printTable(measures: readonly Measure[], columns: readonly Column[]): void {
  const rows = [columns.map(([title]) => title), ...measures.map(m => columns.map(([, value]) => value(m)))]
  const widths = columns.map((_, i) => Math.max(...rows.map(row => row[i]!.length)))
  for (const row of rows)
    console.log(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    )
}

/** Column of the cost in units of another contender's; empty when that one was not measured. */
export function timesOf(measures: readonly Measure[], name: string, title = `× ${name}`): Column {
  const other = measures.find(measure => measure.name === name)?.cpuPerRequest
  return [title, ({ cpuPerRequest }) => (other === undefined ? '' : (cpuPerRequest / other).toFixed(2))]
}

export const basicColumns: readonly Column[] = [
  ['req/s', m => m.perSecond.toFixed(0)],
  ['CPU µs/req', m => m.cpuPerRequest.toFixed(1)],
]

export const latencyColumns: readonly Column[] = [
  ['p50 ms', m => m.p50.toFixed(2)],
  ['p95', m => m.p95.toFixed(2)],
  ['p99', m => m.p99.toFixed(2)],
  ['added p95', m => m.addedP95.toFixed(2)],
  ['quietest', m => m.quietAddedP95.toFixed(2)],
  ['added p99', m => m.addedP99.toFixed(2)],
  ['quietest', m => m.quietAddedP99.toFixed(2)],
]

/** Keeps a result as JSON. A release keeps its own: `BENCH_KEEP=0.1.0`. `suffix` tells the benches apart. */
export function keep(suffix: string, result: Readonly<Record<string, unknown>>): void {
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  const file = join(results, `${process.env['BENCH_KEEP'] ?? 'latest'}${suffix}.json`)
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version }
  writeFileSync(file, `${JSON.stringify({ machine, ...result }, null, 2)}\n`)
  console.log(`\nkept in ${file}`)
}
