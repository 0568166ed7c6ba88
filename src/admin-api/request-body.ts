/** Reading request bodies: whole with a limit, or line by line with back-pressure. */
import type { ServerExchange } from '../http/contract.ts'
import { ApiError, badRequest } from './api-error.ts'

/** The whole body. Rejects with 413 above `limit` bytes, 400 when the client breaks off. */
export function readWhole(exchange: ServerExchange, limit: number): Promise<Buffer> {
  if (exchange.bodyLength > limit) return Promise.reject(tooLarge(limit))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    exchange.readBody({
      data(chunk) {
        size += chunk.length
        if (size > limit) {
          chunks.length = 0
          reject(tooLarge(limit))
        } else chunks.push(Buffer.from(chunk))
        return true
      },
      end: () => resolve(Buffer.concat(chunks)),
      error: error => reject(badRequest(`the body could not be read: ${error.message}`)),
    })
  })
}

export function tooLarge(limit: number): ApiError {
  return new ApiError(413, 'admin.body_too_large', 'body_too_large', `the limit is ${limit} bytes`)
}

export function tooDeep(): ApiError {
  return badRequest(['The value is nested too deeply'])
}

export function tooMany(most: number): ApiError {
  return badRequest([`The body holds more than ${most} values`])
}

/**
 * The lines of a body in batches: each batch is what has arrived meanwhile. Empty lines are left out. At most about
 * `readAhead` bytes wait; a line of more than `maxLine` bytes ends the iteration with 413.
 */
export async function* readLines(
  exchange: ServerExchange,
  maxLine: number,
  readAhead: number,
): AsyncGenerator<Buffer[]> {
  const feed = new LineFeed(exchange, maxLine, readAhead)
  for (let lines = await feed.next(); lines !== null; lines = await feed.next()) yield lines
}

class LineFeed {
  readonly #exchange: ServerExchange
  readonly #maxLine: number
  readonly #readAhead: number
  #lines: Buffer[] = []
  #waiting = 0
  #rest: Buffer[] = []
  #restSize = 0
  #ended = false
  #error: unknown = null
  #wake: (() => void) | null = null

  constructor(exchange: ServerExchange, maxLine: number, readAhead: number) {
    this.#exchange = exchange
    this.#maxLine = maxLine
    this.#readAhead = readAhead
    exchange.readBody({
      data: chunk => this.#data(chunk),
      end: () => this.#end(),
      error: error => this.#fail(badRequest(`the body could not be read: ${error.message}`)),
    })
  }

  async next(): Promise<Buffer[] | null> {
    while (this.#lines.length === 0 && !this.#ended)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    if (this.#lines.length === 0) {
      if (this.#error !== null) throw this.#error
      return null
    }
    const lines = this.#lines
    this.#lines = []
    this.#waiting = 0
    this.#exchange.resumeBody()
    return lines
  }

  #data(chunk: Buffer): boolean {
    if (this.#ended) return true
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      if (!this.#keep(chunk.subarray(start, end))) return true
      this.#cut()
      start = end + 1
    }
    if (!this.#keep(chunk.subarray(start))) return true
    if (this.#lines.length > 0) this.#awake()
    return this.#waiting < this.#readAhead
  }

  #keep(part: Buffer): boolean {
    this.#restSize += part.length
    if (this.#restSize > this.#maxLine) {
      this.#fail(tooLarge(this.#maxLine))
      return false
    }
    // A chunk is valid only during the call.
    if (part.length > 0) this.#rest.push(Buffer.from(part))
    return true
  }

  #cut(): void {
    const line = this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest)
    this.#rest = []
    this.#restSize = 0
    if (line.length === 0 || (line.length === 1 && line[0] === 13)) return
    this.#lines.push(line)
    this.#waiting += line.length
  }

  #end(): void {
    if (this.#ended) return
    this.#cut()
    this.#ended = true
    this.#awake()
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#rest = []
    this.#error = error
    this.#awake()
  }

  #awake(): void {
    this.#wake?.()
    this.#wake = null
  }
}
