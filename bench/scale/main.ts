/**
 * `npm run scale`: a million API keys and a hundred thousand routes in the default store. Sizes by environment: see
 * `sizes.ts`. Prints what was measured beside what is wanted; exits with 1 when something is missed.
 */
import { log } from 'node:console'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { cpuMicros, residentBytes } from '../process-cost.ts'
import { clientId, clientSecret, fill, measuredRoute } from './fill.ts'
import { basic, Gateway } from './gateway.ts'
import { bulkRoutes, sustainWrites, timeAdminCalls } from './measure.ts'
import { sizesOf } from './sizes.ts'

const PORT = 19_030
const WANTED = { start: 6000, memory: 1536, admin: 100, writes: 2000, bulk: 20 }

const sizes = sizesOf(process.env)
const missed: string[] = []
const folder = process.env['SCALE_DIR'] ?? mkdtempSync(join(tmpdir(), 'otoroshi-scale-'))
const backend = http.createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
await new Promise(resolve => backend.once('listening', resolve))
const origin = (backend.address() as AddressInfo).port

function tell(what: string, value: string, good: boolean | null = null): void {
  log(`${what.padEnd(34)} ${value}${good === false ? '   MISSED' : ''}`)
  if (good === false) missed.push(what)
}

try {
  tell('sizes', JSON.stringify(sizes))
  await atScale()
  if (sizes.bulk > 0) await bulk()
} finally {
  backend.close()
  if (process.env['SCALE_DIR'] === undefined) rmSync(folder, { recursive: true, force: true })
}
log(missed.length === 0 ? 'everything holds' : `missed: ${missed.join(', ')}`)
process.exit(missed.length === 0 ? 0 : 1)

async function atScale(): Promise<void> {
  const directory = join(folder, 'scale')
  const first = new Gateway(PORT, directory, 1)
  await first.admin('GET', '/health').catch(() => null)
  for (let i = 0; i < 400; i++) {
    const answer = await first.admin('GET', '/apis/entities?schema=false').catch(() => null)
    if (answer?.status === 200) break
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  await first.end()
  const begun = performance.now()
  const store = await openSqliteStore(directory)
  await fill(store, sizes.keys, sizes.routes, origin)
  await store.close()
  tell('filling the store', `${seconds(performance.now() - begun)} s`)

  const key = basic(clientId(sizes.keys - 1), clientSecret(sizes.keys - 1))
  for (let start = 0; ; start++) {
    const from = performance.now()
    const gateway = new Gateway(PORT, directory, sizes.threads)
    try {
      const took = await gateway.serving(from, sizes.keys > 0 ? key : {})
      const cpu = cpuMicros(gateway.child.pid!) / 1e6
      tell(
        `start ${start + 1} to first answer`,
        `${seconds(took)} s (${cpu.toFixed(1)} s CPU)`,
        took < WANTED.start,
      )
      await gateway.admin('GET', '/apis/apim.otoroshi.io/v1/apikeys/_count')
      tell('  to first answer of the admin API', `${seconds(performance.now() - from)} s`)
      if (start < 2) continue
      await settle(gateway)
      await measure(gateway)
      return
    } finally {
      await gateway.end()
    }
  }
}

async function measure(gateway: Gateway): Promise<void> {
  const memory = () => residentBytes(gateway.child.pid!) / 2 ** 20
  const idle = memory()
  tell('resident memory, settled', `${idle.toFixed(0)} MB`, idle <= WANTED.memory)
  for (const { what, durations } of await timeAdminCalls(gateway, sizes, origin))
    tell(what, String(durations), durations.at(0.99) < WANTED.admin)
  const used = memory()
  tell('resident memory, after admin calls', `${used.toFixed(0)} MB`, used <= WANTED.memory)
  if (sizes.seconds === 0) return
  const result = await sustainWrites(gateway, sizes)
  tell('admin writes per second', result.writesPerSecond.toFixed(0), result.writesPerSecond >= WANTED.writes)
  tell('  with calls per second', result.callsPerSecond.toFixed(0))
  tell('  writes', String(result.writes))
  tell('  calls', String(result.calls))
  tell('  wrong answers', String(result.failures), result.failures === 0)
  tell('  CPU of the gateway', `${result.cpu.toFixed(2)} cores`)
  await settle(gateway)
  const after = memory()
  tell('resident memory, after writes', `${after.toFixed(0)} MB`, after <= WANTED.memory)
}

async function bulk(): Promise<void> {
  const directory = join(folder, 'bulk')
  const gateway = new Gateway(PORT + 1, directory, sizes.threads)
  try {
    for (let i = 0; i < 400; i++) {
      const answer = await gateway
        .admin('POST', '/apis/proxy.otoroshi.io/v1/routes', {
          ...measuredRoute(origin),
          plugins: [],
        })
        .catch(() => null)
      if (answer?.status === 201) break
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    await gateway.serving(performance.now(), {})
    const before = cpuMicros(gateway.child.pid!)
    const took = await bulkRoutes(gateway, sizes.bulk, origin)
    const cpu = (cpuMicros(gateway.child.pid!) - before) / 1e6
    tell(`bulk of ${sizes.bulk} routes`, `${took.toFixed(1)} s (${cpu.toFixed(1)} s CPU)`, took < WANTED.bulk)
  } finally {
    await gateway.end()
  }
}

/** Waits until the background is quiet: two seconds that cost little. */
async function settle(gateway: Gateway): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const before = cpuMicros(gateway.child.pid!)
    await new Promise(resolve => setTimeout(resolve, 2000))
    if (cpuMicros(gateway.child.pid!) - before < 300_000) return
  }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2)
}
