/**
 * `npm run storm`: the change storm in full. Sizes by environment: STORM_EDITS, STORM_EDITS_PER_SECOND, STORM_REQUESTS (per
 * second), STORM_SOCKETS, STORM_DOWNLOADS, STORM_THREADS, STORM_SEED. Exits with 1 when something does not hold.
 */
import { log } from 'node:console'
import { describe, faultsOf } from '../test/support/storm/report.ts'
import { storm } from '../test/support/storm/storm.ts'

/** Milliseconds within which 99 % of the edits must show. */
const VISIBLE = 50
/** Growth of the resident memory after warming up, 0.1 for 10 %. */
const MEMORY = 0.1

function size(name: string, otherwise: number): number {
  const value = process.env[name]
  const number = value === undefined ? otherwise : Number(value)
  if (Number.isSafeInteger(number) && number >= 0) return number
  log(`${name} must be a whole number, not ${value}`)
  process.exit(2)
}

const report = await storm({
  edits: size('STORM_EDITS', 10_000),
  editsPerSecond: size('STORM_EDITS_PER_SECOND', 50),
  requestsPerSecond: size('STORM_REQUESTS', 2_000),
  sockets: size('STORM_SOCKETS', 200),
  downloads: size('STORM_DOWNLOADS', 8),
  threads: size('STORM_THREADS', 2),
  seed: size('STORM_SEED', 1),
})
log(describe(report))
const faults = faultsOf(report, VISIBLE, MEMORY)
log(faults.length === 0 ? 'everything holds' : `does not hold:\n- ${faults.join('\n- ')}`)
if (faults.length > 0) process.exitCode = 1
