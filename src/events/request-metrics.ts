/**
 * Figures about requests, one row of numbers per thread in shared memory, added up when somebody reads them.
 *
 * Guarantees: recording costs a few array writes and no allocation; figures of all threads add up exactly; a thread that is
 * replaced goes on with its row. Each row has one writer, so no atomic operations are needed.
 */

const REQUESTS = 0
const REFUSED = 1
const CUT = 2
/** Status classes 1xx to 5xx. */
const CLASSES = 3
const DATA_IN = 8
const DATA_OUT = 9
const DURATION = 10
const OVERHEAD = 11
const ATTEMPTS = 12
const UPGRADES = 13
const CONNECTIONS = 14
const BUCKETS = 16
/** Upper bounds of duration buckets: 0.25 ms, then by half powers of two, to about two minutes. */
const BUCKET_COUNT = 40
const ROW = BUCKETS + BUCKET_COUNT

/** What is recorded of one request. Milliseconds and bytes. */
export interface RequestFigures {
  readonly status: number
  readonly refused: boolean
  readonly cut: boolean
  readonly duration: number
  readonly overhead: number
  readonly dataIn: number
  readonly dataOut: number
  readonly attempts: number
  readonly upgraded: boolean
}

export interface MetricTotals {
  readonly requests: number
  readonly refused: number
  readonly cut: number
  readonly statusClasses: readonly number[]
  readonly dataIn: number
  readonly dataOut: number
  /** Sums, milliseconds. */
  readonly duration: number
  readonly overhead: number
  readonly attempts: number
  readonly upgrades: number
  readonly connections: number
  /** Requests by duration bucket. */
  readonly buckets: readonly number[]
}

/** Memory for this many threads. */
export function metricsMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * ROW * 8)
}

/** The row of one thread. */
export class RequestMetrics {
  readonly #row: Float64Array

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#row = new Float64Array(memory, thread * ROW * 8, ROW)
  }

  record(figures: RequestFigures): void {
    const row = this.#row
    row[REQUESTS]!++
    if (figures.refused) row[REFUSED]!++
    if (figures.cut) row[CUT]!++
    const cls = Math.floor(figures.status / 100)
    if (cls >= 1 && cls <= 5) row[CLASSES + cls - 1]!++
    row[DATA_IN]! += figures.dataIn
    row[DATA_OUT]! += figures.dataOut
    row[DURATION]! += figures.duration
    row[OVERHEAD]! += figures.overhead
    row[ATTEMPTS]! += figures.attempts
    if (figures.upgraded) row[UPGRADES]!++
    row[BUCKETS + bucketOf(figures.duration)]!++
  }

  /** Connections open on this thread now. */
  set connections(count: number) {
    this.#row[CONNECTIONS] = count
  }
}

function bucketOf(ms: number): number {
  if (!(ms > 0.25)) return 0
  return Math.min(BUCKET_COUNT - 1, Math.ceil(Math.log2(ms * 4) * 2))
}

/** Upper bound of a bucket, milliseconds. */
export function bucketBound(bucket: number): number {
  return 2 ** (bucket / 2) / 4
}

/** Adds up the rows of all threads. */
export function readMetrics(memory: SharedArrayBuffer): MetricTotals {
  const rows = new Float64Array(memory)
  const sum = (at: number): number => {
    let total = 0
    for (let start = 0; start < rows.length; start += ROW) total += rows[start + at]!
    return total
  }
  return {
    requests: sum(REQUESTS),
    refused: sum(REFUSED),
    cut: sum(CUT),
    statusClasses: [0, 1, 2, 3, 4].map(cls => sum(CLASSES + cls)),
    dataIn: sum(DATA_IN),
    dataOut: sum(DATA_OUT),
    duration: sum(DURATION),
    overhead: sum(OVERHEAD),
    attempts: sum(ATTEMPTS),
    upgrades: sum(UPGRADES),
    connections: sum(CONNECTIONS),
    buckets: Array.from({ length: BUCKET_COUNT }, (_, bucket) => sum(BUCKETS + bucket)),
  }
}

/** The value below which `share` of the requests stay, milliseconds: the upper bound of its bucket. */
export function quantile(totals: MetricTotals, share: number): number {
  let left = totals.requests * share
  for (let bucket = 0; bucket < totals.buckets.length; bucket++) {
    left -= totals.buckets[bucket]!
    if (left <= 0 && totals.requests > 0) return bucketBound(bucket)
  }
  return 0
}
