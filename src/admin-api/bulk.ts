/**
 * Many writes in one call, a line each way (NDJSON). Lines are decided in their order and answered in their order; those
 * that arrive together share revisions. A line that fails is answered as failed and stops nobody.
 */
import { ApiError } from './api-error.ts'
import type { Call } from './call.ts'
import { contentType, parseJson } from './decode.ts'
import { isObject } from '../model/types/shape.ts'
import { readLines } from './request-body.ts'
import type { Reply } from './reply.ts'

/** Lines decided together at most. */
const groupSize = 1024

/** Makes the answer line of one line. Asks the control plane before it waits for anything, so that order is kept. */
export type LineHandler = (line: Record<string, unknown>) => Promise<Record<string, unknown>>

export interface BulkOptions {
  readonly handle: LineHandler
  /** The answer to a line that failed; `line` is null when it is no JSON object. */
  readonly failed: (error: ApiError, line: Record<string, unknown> | null) => Record<string, unknown>
  /** Turns whatever was thrown into a refusal. */
  readonly refusalOf: (error: unknown) => ApiError
}

/** Throws 400 unless the body is NDJSON. */
export function requireNdjson(call: Call): void {
  const type = call.headers.has('x-content-type')
    ? (call.headers.get('x-content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
    : contentType(call)
  if (type !== 'application/x-ndjson')
    throw new ApiError(400, 'admin.bad_content_type', 'bad_content_type', 'Unsupported content type')
}

/** The streamed answer of a bulk call. */
export function bulkReply(call: Call, options: BulkOptions): Reply {
  return {
    status: 200,
    type: 'application/x-ndjson',
    body: answers(call, options),
    live: call.limits.answersKept,
  }
}

async function* answers(call: Call, options: BulkOptions): AsyncGenerator<string> {
  const { maxBody, readAhead } = call.limits
  try {
    for await (const lines of readLines(call.exchange, maxBody, readAhead))
      for (let i = 0; i < lines.length; i += groupSize) {
        const group = lines.slice(i, i + groupSize).map(line => answer(call, line, options))
        yield (await Promise.all(group)).map(result => `${JSON.stringify(result)}\n`).join('')
      }
  } catch (error) {
    // The head is out: the last line tells why the others were not read.
    yield `${JSON.stringify(options.failed(options.refusalOf(error), null))}\n`
  }
}

async function answer(call: Call, bytes: Buffer, options: BulkOptions): Promise<Record<string, unknown>> {
  let line: Record<string, unknown> | null = null
  try {
    const value = parseJson(bytes, call)
    if (!isObject(value)) throw new ApiError(400, 'admin.bad_request', 'bad_request', ['Expected an object'])
    line = value
    return await options.handle(line)
  } catch (error) {
    return options.failed(options.refusalOf(error), line)
  }
}
