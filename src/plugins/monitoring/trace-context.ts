/** W3C Trace Context, level 1: what `traceparent` and `tracestate` say, read strictly. */
import { randomFillSync } from 'node:crypto'

/** The place of a call in a trace. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** Id of the span that made the call: 16 hexadecimal digits. */
  readonly spanId: string
  readonly sampled: boolean
}

const PARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/

/** Reads the values of `traceparent`. Null unless there is exactly one and it is valid: a new trace then begins. */
export function readTraceParent(values: readonly string[]): TraceParent | null {
  const found = values.length === 1 ? PARENT.exec(values[0]!.trim()) : null
  if (found === null) return null
  const [, version, traceId, spanId, flags, more] = found
  // A later version may say more behind what is known; this one may not, and `ff` is no version.
  if (version === 'ff' || (version === '00' && more !== undefined)) return null
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return null
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 }
}

/** Writes `traceparent` in version 00. */
export function writeTraceParent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

const KEY = /^(?:[a-z][a-z\d_*/-]{0,255}|[a-z\d][a-z\d_*/-]{0,240}@[a-z][a-z\d_*/-]{0,13})$/
const VALUE = /^[ -+\x2d-<>-~]{0,255}[!-+\x2d-<>-~]$/
const MOST_MEMBERS = 32

/**
 * Reads the values of `tracestate` as one list and writes it again. Null when it is empty, has more than 32 members or one
 * that is broken: it is then not passed on. Of members with the same key the first stays.
 */
export function readTraceState(values: readonly string[]): string | null {
  const members = new Map<string, string>()
  let count = 0
  for (const given of values.flatMap(value => value.split(','))) {
    const member = given.replace(/^[ \t]+|[ \t]+$/g, '')
    if (member === '') continue
    const equals = member.indexOf('=')
    const [key, value] = [member.slice(0, Math.max(equals, 0)), member.slice(equals + 1)]
    if (++count > MOST_MEMBERS || !KEY.test(key) || !VALUE.test(value)) return null
    if (!members.has(key)) members.set(key, value)
  }
  return count === 0 ? null : [...members].map(([key, value]) => `${key}=${value}`).join(',')
}

/** Random bytes for many ids: asking for a few at a time costs more than all the rest of an id. */
const pool = Buffer.alloc(4096)
let used = pool.length

/** A random id of so many bytes, in hexadecimal; never all zeros, which stands for none. */
export function newTraceId(bytes: 8 | 16): string {
  for (;;) {
    if (used + bytes > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const id = pool.toString('hex', used, (used += bytes))
    if (!/^0+$/.test(id)) return id
  }
}
