/**
 * One HTTP/2 stream as an exchange. Flow control is the back-pressure: a paused reader opens no window, and `writeBody`
 * answers false while the client's window is closed.
 */
import { randomBytes } from 'node:crypto'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { BadMessage } from './bad-message.ts'
import { ClientGone } from './client-gone.ts'
import {
  type BodyReader,
  type ConnectionFacts,
  type HttpVersion,
  type ServerExchange,
  UNKNOWN_LENGTH,
} from './contract.ts'
import { FirstObjects } from './first-objects.ts'
import type { HeaderBlock } from './headers.ts'
import { BodyTimeout } from './http1-exchange.ts'
import { type Http2RequestHead, readTrailers, trailerObject, writeFields } from './http2-head.ts'
import type { HttpLimits } from './limits.ts'
import { bodyless, httpDate } from './status.ts'
import { type Expiring, inTime, unwatch, watch } from './sweeper.ts'

const firstObjects = new FirstObjects()

export class Http2Exchange implements ServerExchange, Expiring {
  readonly method: string
  readonly target: string
  readonly version: HttpVersion = 20
  readonly headers: HeaderBlock
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly bodyLength: number
  readonly connection: ConnectionFacts
  readonly upgrade: string | null
  onClose: (() => void) | null = null
  onDrain: (() => void) | null = null
  deadline: number

  readonly #stream: ServerHttp2Stream
  readonly #limits: HttpLimits
  readonly #requestBy: number
  #reader: BodyReader | null = null
  #bodyDone: boolean
  #received = 0
  #paused = false
  #expectContinue: boolean
  #trailersIn: HeaderBlock | null = null
  #trailersOut: HeaderBlock | null = null
  #started = false
  /** Body bytes still owed of a declared length, or -1. */
  #owed = UNKNOWN_LENGTH
  #noBody = false
  #ended = false
  #closed = false

  constructor(
    stream: ServerHttp2Stream,
    head: Http2RequestHead,
    ended: boolean,
    facts: ConnectionFacts,
    limits: HttpLimits,
  ) {
    this.#stream = stream
    this.#limits = limits
    this.method = head.method
    this.target = head.target
    this.headers = head.headers
    this.authority = head.authority
    this.scheme = facts.tls === null ? 'http' : 'https'
    this.connection = facts
    this.upgrade = head.protocol
    this.bodyLength = ended || head.protocol !== null ? 0 : head.bodyLength
    this.#bodyDone = this.bodyLength === 0
    this.#expectContinue = head.expectContinue && !this.#bodyDone
    // A WebSocket that came by extended CONNECT has no key; whoever goes on with HTTP/1.1 needs one (RFC 8441, 5.1).
    if (head.protocol !== null && !head.headers.has('sec-websocket-key'))
      head.headers.append('sec-websocket-key', randomBytes(16).toString('base64'))
    this.#requestBy = inTime(limits.requestTimeout)
    this.deadline = this.#requestBy
    watch(this)
    stream.on('error', ignore)
    stream.on('close', () => this.#over())
    stream.on('drain', () => this.#drained())
    if (ended) stream.resume()
    firstObjects.note(this)
  }

  readBody(reader: BodyReader): void {
    if (this.#closed && !this.#bodyDone) {
      reader.error(new ClientGone('stream'))
      return
    }
    if (this.#bodyDone) {
      reader.end(null)
      return
    }
    this.#reader = reader
    const stream = this.#stream
    if (this.#expectContinue && !this.#started) stream.additionalHeaders({ ':status': 100 })
    this.#touch(this.#limits.bodyTimeout)
    stream.on('trailers', (_headers: object, _flags: number, raw?: string[]) => this.#trailers(raw ?? []))
    stream.on('data', (chunk: Buffer) => this.#data(chunk))
    stream.on('end', () => this.#bodyEnd())
  }

  #data(chunk: Buffer): void {
    const reader = this.#reader
    if (reader === null || this.#closed) return
    this.#received += chunk.length
    if (this.#received > this.#limits.maxBody) {
      this.#bodyFailed(new BadMessage(413, 'the body is too large'))
      return
    }
    this.#touch(this.#limits.bodyTimeout)
    if (reader.data(chunk)) return
    this.#paused = true
    this.#touch(0)
    this.#stream.pause()
  }

  #trailers(raw: string[]): void {
    try {
      this.#trailersIn = readTrailers(raw, this.#limits)
    } catch (error) {
      this.#bodyFailed(error as Error)
    }
  }

  #bodyEnd(): void {
    const stream = this.#stream
    // The end of a stream that was reset looks like any other end.
    const cut = stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR
    if (cut) {
      this.#bodyFailed(new ClientGone('stream'))
      return
    }
    if (this.bodyLength >= 0 && this.#received !== this.bodyLength) {
      this.#bodyFailed(new BadMessage(400, 'the body is not as long as declared'))
      return
    }
    const reader = this.#reader
    this.#reader = null
    if (this.#bodyDone || this.#closed) return
    this.#bodyDone = true
    this.#touch(0)
    reader?.end(this.#trailersIn)
  }

  #bodyFailed(error: Error): void {
    const reader = this.#reader
    this.#reader = null
    if (!this.#bodyDone) reader?.error(error)
  }

  resumeBody(): void {
    if (!this.#paused || this.#closed) return
    this.#paused = false
    this.#touch(this.#limits.bodyTimeout)
    this.#stream.resume()
  }

  inform(status: number, headers: HeaderBlock): void {
    if (status < 100 || status > 199 || status === 101) throw new RangeError('not an interim status')
    if (this.#started || this.#closed) return
    const fields = trailerObject(headers)
    this.#stream.additionalHeaders({ ...fields, ':status': status })
  }

  writeHead(status: number, _reason: string, headers: HeaderBlock, bodyLength: number): void {
    if (this.#started) throw new Error('the answer has already begun')
    if (!Number.isInteger(status) || status < 200 || status > 999)
      throw new RangeError(`${status} is not a final status`)
    this.#started = true
    if (this.#closed) return
    const headless = this.method === 'HEAD'
    this.#noBody = headless || bodyless(status)
    const list = writeFields([':status', String(status)], headers)
    if (!headers.has('date')) list.push('date', httpDate())
    if (bodyLength >= 0 && status !== 204 && (!this.#noBody || headless || bodyLength > 0))
      list.push('content-length', String(bodyLength))
    if (!this.#noBody) this.#owed = bodyLength
    const endStream = this.#noBody || bodyLength === 0
    if (!endStream) this.#stream.on('wantTrailers', () => this.#sendTrailers())
    this.#stream.respond(list as never, { endStream, waitForTrailers: !endStream, sendDate: false } as never)
  }

  #sendTrailers(): void {
    if (!this.#stream.destroyed) this.#stream.sendTrailers(trailerObject(this.#trailersOut))
  }

  writeBody(chunk: Buffer): boolean {
    if (this.#closed || this.#ended || this.#noBody || chunk.length === 0) return true
    if (this.#owed >= 0) {
      if (chunk.length > this.#owed) chunk = chunk.subarray(0, this.#owed)
      this.#owed -= chunk.length
      if (chunk.length === 0) return true
    }
    if (this.#stream.write(Buffer.from(chunk))) return true
    this.#touch(this.#limits.writeTimeout)
    return false
  }

  /** The session gathers what is written in one turn by itself. */
  flush(): void {}

  end(trailers: HeaderBlock | null = null): void {
    if (this.#ended) return
    if (this.#closed) {
      this.#ended = true
      return
    }
    if (!this.#started) throw new Error('the answer has not begun')
    if (this.#owed > 0) {
      this.abort()
      return
    }
    this.#ended = true
    this.#trailersOut = trailers
    this.#touch(this.#limits.writeTimeout)
    this.#stream.end()
    // What is left of the request is not wanted: the client learns it without taking it for an error (RFC 9113, 8.1).
    if (!this.#bodyDone) this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }

  abort(): void {
    if (this.#closed) return
    this.#ended = true
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    this.#over()
  }

  acceptUpgrade(headers: HeaderBlock, status = 200): Duplex {
    if (this.upgrade === null || this.#started) throw new Error('there is no switch of protocols to accept')
    this.#started = true
    this.#ended = true
    const list = [':status', String(status === 101 ? 200 : status)]
    for (const [name, value] of headers.endToEnd())
      if (name.toLowerCase() !== 'sec-websocket-accept') list.push(name.toLowerCase(), value)
    this.#stream.respond(list as never, { sendDate: false } as never)
    this.#closed = true
    unwatch(this)
    return this.#stream
  }

  #drained(): void {
    if (this.#closed || this.#ended) return
    const awaited = !this.#bodyDone && this.#reader !== null && !this.#paused
    this.#touch(awaited ? this.#limits.bodyTimeout : 0)
    this.onDrain?.()
  }

  #over(): void {
    if (this.#closed) return
    this.#closed = true
    unwatch(this)
    this.#bodyFailed(new ClientGone('stream'))
    if (!this.#ended) {
      this.#ended = true
      this.onClose?.()
    }
  }

  #touch(ms: number): void {
    this.deadline = Math.min(inTime(ms), this.#requestBy)
  }

  expire(): void {
    this.deadline = Number.POSITIVE_INFINITY
    if (!this.#bodyDone && this.#reader !== null && !this.#started) this.#bodyFailed(new BodyTimeout())
    else this.#stream.close(constants.NGHTTP2_CANCEL)
  }
}

function ignore(): void {}

/** The answer to a request that no handler sees; `more`: fields of whoever runs the server. */
export function refuse(stream: ServerHttp2Stream, error: BadMessage, more: HeaderBlock | null): void {
  stream.on('error', ignore)
  if (stream.destroyed) return
  const body = `${error.message}\n`
  const list = [':status', String(error.status), 'date', httpDate(), 'content-type', 'text/plain']
  if (more !== null) writeFields(list, more)
  list.push('content-length', String(body.length))
  stream.respond(list as never, { sendDate: false } as never)
  stream.end(body)
  stream.close(constants.NGHTTP2_NO_ERROR)
}
