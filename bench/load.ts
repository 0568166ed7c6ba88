/** Load by h2load over HTTP/1.1: as fast as it goes, or at a constant rate with every request's time recorded. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Ten ordinary fields, as a browser sends them (`Host` and `User-Agent` are h2load's own). */
export const requestHeaders: readonly string[] = [
  'Accept: text/html,application/json;q=0.9,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.7',
  'Accept-Encoding: gzip, deflate, br',
  'Cache-Control: max-age=0',
  'Cookie: session=4f1d2c7a9b; theme=dark',
  'Referer: https://shop.example/catalogue/lamps',
  'X-Request-Source: bench',
  'DNT: 1',
]

/** Processes that make a constant rate together. */
const generators = 8

export interface LoadResult {
  readonly requests: number
  readonly failed: number
  readonly seconds: number
  readonly perSecond: number
}

export interface PacedResult extends LoadResult {
  /** Milliseconds. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export interface LoadOptions {
  readonly url: string
  /** Fields beside the ordinary ones. */
  readonly headers?: readonly string[]
  readonly clients: number
  readonly seconds: number
  /** Core the generator is pinned to, or null. */
  readonly core: number | null
}

/** As many requests as the server takes. */
export async function saturate(options: LoadOptions): Promise<LoadResult> {
  return read(await h2load(options, ['-D', `${Math.round(options.seconds * 1000)}ms`]))
}

/**
 * `rate` requests per second in all, spread over the clients. A generator sends for all clients that it began with in the
 * same instant, and looks at its clock once a millisecond. So there are several, each begun when it happens to be, and
 * each of them begins with one client after the other: that comes nearer to what arrives in the open.
 */
export async function paced(options: LoadOptions, rate: number): Promise<PacedResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const perClient = Math.max(1, Math.round(rate / options.clients))
    const clients = Math.ceil(options.clients / generators)
    const results = await Promise.all(
      Array.from({ length: generators }, async (_, i) => {
        const file = join(folder, `times-${i}`)
        const requests = perClient * clients * options.seconds
        const paced = ['-n', String(requests), '-r', '1', '--rate-period', '1ms', '--rps', String(perClient)]
        return { file, ...read(await h2load({ ...options, clients }, [...paced, '--log-file', file])) }
      }),
    )
    const times = Float64Array.from(results.flatMap(({ file }) => timesIn(file))).sort()
    const sum = (of: (result: LoadResult) => number): number => results.reduce((all, r) => all + of(r), 0)
    return {
      requests: sum(r => r.requests),
      failed: sum(r => r.failed),
      seconds: Math.max(...results.map(r => r.seconds)),
      perSecond: sum(r => r.perSecond),
      p50: percentile(times, 0.5),
      p95: percentile(times, 0.95),
      p99: percentile(times, 0.99),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Milliseconds of each request but those of the first half second, when connections are made. */
function timesIn(file: string): number[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const rows = lines.filter(line => line !== '').map(line => line.split('\t').map(Number))
  const begun = rows.reduce((first, [start]) => Math.min(first, start!), Number.POSITIVE_INFINITY)
  return rows.filter(([start]) => start! > begun + 500_000).map(([, , micros]) => micros! / 1000)
}

function h2load(options: LoadOptions, more: readonly string[]): Promise<string> {
  const { url, headers = [], clients, core } = options
  const args = ['--h1', '-t', '1', '-c', String(clients), ...more]
  for (const header of [...requestHeaders, ...headers]) args.push('-H', header)
  args.push(url)
  const command = core === null ? ['h2load', ...args] : ['taskset', '-c', String(core), 'h2load', ...args]
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', chunk => (output += chunk))
    child.stderr.on('data', chunk => (output += chunk))
    child.on('error', reject)
    child.on('close', code =>
      code === 0 ? resolve(output) : reject(new Error(`h2load failed: ${output.slice(-500)}`)),
    )
  })
}

function read(output: string): LoadResult {
  const requests =
    /requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(
      output,
    )
  const rate = /finished in [^,]+, ([\d.]+) req\/s/.exec(output)
  if (requests === null || rate === null)
    throw new Error(`h2load said nothing that can be read: ${output.slice(-500)}`)
  const succeeded = Number(requests[3])
  const perSecond = Number(rate[1])
  return {
    requests: succeeded,
    failed: Number(requests[4]) + Number(requests[5]),
    seconds: succeeded / perSecond,
    perSecond,
  }
}

function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}
