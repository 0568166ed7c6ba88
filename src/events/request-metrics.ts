/**
 * Figures about requests, one row of numbers per thread in shared memory, added up when somebody reads them.
 *
 * Guarantees: recording costs a few array writes and no allocation; figures of all threads add up exactly; a thread that is
 * replaced goes on with its row. Each row has one writer, so no atomic operations are needed.
 */
import { RATE_WORDS, type Rates, readRates, tickRates } from './rates.ts'

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
const LEFT = 15
const UNREAD = 16
const FAILED = 17
const DURATIONS = 24
const BUCKET_COUNT = 40
const OVERHEADS = DURATIONS + BUCKET_COUNT
const ROW = OVERHEADS + BUCKET_COUNT

/** Upper bound of the first bucket, milliseconds; the others go up by half powers of two, for 2^19.5 of it. */
const FIRST_DURATION = 1 / 4
const FIRST_OVERHEAD = 1 / 64

/** What is recorded of one request. Milliseconds and bytes. */
export interface RequestFigures {
  readonly status: number
  /** `refused`: the gateway answered itself. `cut`: the answer was not completed. `left`: the client did not wait for it. */
  readonly ended: 'answered' | 'refused' | 'cut' | 'left'
  /** -1: it was never a request, only bytes that were refused, and took no time that could be told. */
  readonly duration: number
  readonly overhead: number
  readonly dataIn: number
  readonly dataOut: number
  readonly attempts: number
  readonly upgraded: boolean
}

/** Times of requests. */
export interface Durations {
  readonly count: number
  /** Milliseconds. */
  readonly sum: number
  /** Upper bound of the first bucket, milliseconds. */
  readonly first: number
  /** Requests by bucket. */
  readonly buckets: readonly number[]
}

export interface MetricTotals {
  readonly requests: number
  readonly refused: number
  readonly cut: number
  readonly left: number
  /** Refused before they were requests. */
  readonly unread: number
  /** Answered 500 by the gateway. */
  readonly failed: number
  readonly statusClasses: readonly number[]
  readonly dataIn: number
  readonly dataOut: number
  readonly durations: Durations
  readonly overheads: Durations
  readonly attempts: number
  readonly upgrades: number
  readonly connections: number
  readonly rates: Rates
}

/** Memory for this many threads. */
export function metricsMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer((threads * ROW + RATE_WORDS) * 8)
}

/** The row of one thread. */
export class RequestMetrics {
  readonly #row: Float64Array

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#row = new Float64Array(memory, thread * ROW * 8, ROW)
  }

  record(figures: RequestFigures): void {
    const row = this.#row
    const { status, ended, duration } = figures
    row[REQUESTS]!++
    if (ended !== 'answered') this.#unusual(ended, status)
    const cls = Math.floor(status / 100)
    if (cls >= 1 && cls <= 5) row[CLASSES + cls - 1]!++
    row[DATA_IN]! += figures.dataIn
    row[DATA_OUT]! += figures.dataOut
    row[ATTEMPTS]! += figures.attempts
    if (figures.upgraded) row[UPGRADES]!++
    if (duration < 0) {
      row[UNREAD]!++
      return
    }
    row[DURATION]! += duration
    row[OVERHEAD]! += figures.overhead
    row[DURATIONS + bucketOf(duration, FIRST_DURATION)]!++
    row[OVERHEADS + bucketOf(figures.overhead, FIRST_OVERHEAD)]!++
  }

  #unusual(ended: RequestFigures['ended'], status: number): void {
    const row = this.#row
    row[ended === 'refused' ? REFUSED : ended === 'cut' ? CUT : LEFT]!++
    if (ended === 'refused' && status === 500) row[FAILED]!++
  }

  /** Connections open on this thread now. */
  set connections(count: number) {
    this.#row[CONNECTIONS] = count
  }
}

function bucketOf(ms: number, first: number): number {
  if (!(ms > first)) return 0
  return Math.min(BUCKET_COUNT - 1, Math.ceil(Math.log2(ms / first) * 2))
}

/** Adds up the rows of all threads. */
export function readMetrics(memory: SharedArrayBuffer): MetricTotals {
  const rows = new Float64Array(memory)
  const end = rows.length - RATE_WORDS
  const sum = (at: number): number => {
    let total = 0
    for (let start = 0; start < end; start += ROW) total += rows[start + at]!
    return total
  }
  const durations = (total: number, buckets: number, first: number): Durations => {
    const list = Array.from({ length: BUCKET_COUNT }, (_, bucket) => sum(buckets + bucket))
    return { count: list.reduce((all, count) => all + count, 0), sum: sum(total), first, buckets: list }
  }
  return {
    requests: sum(REQUESTS),
    refused: sum(REFUSED),
    cut: sum(CUT),
    left: sum(LEFT),
    unread: sum(UNREAD),
    failed: sum(FAILED),
    statusClasses: [0, 1, 2, 3, 4].map(cls => sum(CLASSES + cls)),
    dataIn: sum(DATA_IN),
    dataOut: sum(DATA_OUT),
    durations: durations(DURATION, DURATIONS, FIRST_DURATION),
    overheads: durations(OVERHEAD, OVERHEADS, FIRST_OVERHEAD),
    attempts: sum(ATTEMPTS),
    upgrades: sum(UPGRADES),
    connections: sum(CONNECTIONS),
    rates: readRates(rows.subarray(end)),
  }
}

/** Moves the averages of requests per second; called by one thread, every `TICK` milliseconds. */
export function moveRates(memory: SharedArrayBuffer, now: number): void {
  const rows = new Float64Array(memory)
  const end = rows.length - RATE_WORDS
  let requests = 0
  for (let at = REQUESTS; at < end; at += ROW) requests += rows[at]!
  tickRates(rows.subarray(end), requests, now)
}

/** Upper bound of a bucket, milliseconds. */
function boundOf({ first }: Durations, bucket: number): number {
  return first * 2 ** (bucket / 2)
}

/** The value below which `share` of the requests stay, milliseconds: the upper bound of its bucket. */
export function quantile(durations: Durations, share: number): number {
  const { count, buckets } = durations
  let left = count * share
  for (let bucket = 0; bucket < buckets.length; bucket++) {
    left -= buckets[bucket]!
    if (left <= 0 && buckets[bucket]! > 0) return boundOf(durations, bucket)
  }
  return 0
}

export function mean({ count, sum }: Durations): number {
  return count === 0 ? 0 : sum / count
}

/** Standard deviation, milliseconds, as far as buckets tell: each value counts as the middle of its bucket. */
export function deviation(durations: Durations): number {
  const middle = mean(durations)
  let sum = 0
  durations.buckets.forEach((count, bucket) => {
    const value = bucket === 0 ? durations.first / 2 : boundOf(durations, bucket - 0.5)
    sum += count * (value - middle) ** 2
  })
  return durations.count === 0 ? 0 : Math.sqrt(sum / durations.count)
}
