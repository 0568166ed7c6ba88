/** One request on a stream of a session, or in the line before it has one. */
import { createHash } from 'node:crypto'
import { type ClientHttp2Stream, constants } from 'node:http2'
import { BadMessage } from './bad-message.ts'
import {
  type Call,
  type DispatchRequest,
  type ResponseHandler,
  TransportError,
  type TransportFault,
  UNKNOWN_LENGTH,
} from './contract.ts'
import { FirstObjects } from './first-objects.ts'
import { HeaderBlock } from './headers.ts'
import type { Http2ClientSession } from './http2-client.ts'
import { readResponse, readTrailers, trailerObject, writeFields } from './http2-head.ts'
import type { CallTimeouts } from './origin.ts'
import { reasonPhrase } from './status.ts'
import { clock, type Expiring, inTime, unwatch, watch } from './sweeper.ts'

/** Interim answers accepted before the final one. */
const MAX_INTERIM = 16

/** What a call needs of its pool. */
interface Line {
  dequeue(call: Http2Call): void
}

const firstObjects = new FirstObjects()

export class Http2Call implements Call, Expiring {
  deadline: number
  readonly #pool: Line
  readonly #request: DispatchRequest
  readonly #handler: ResponseHandler
  readonly #timeouts: CallTimeouts
  readonly #headBy: number
  readonly #totalBy: number
  #session: Http2ClientSession | null = null
  #stream: ClientHttp2Stream | null = null
  #trailersOut: HeaderBlock | null = null
  #trailersIn: HeaderBlock | null = null
  #sendOwed = 0
  #sent = false
  #answered = false
  #interim = 0
  #received = 0
  #length = UNKNOWN_LENGTH
  #paused = false
  #complete = false
  #over = false

  constructor(pool: Line, request: DispatchRequest, handler: ResponseHandler, timeouts: CallTimeouts) {
    this.#pool = pool
    this.#request = request
    this.#handler = handler
    this.#timeouts = timeouts
    this.#headBy = inTime(timeouts.head)
    this.#totalBy = inTime(timeouts.total)
    this.deadline = Math.min(this.#headBy, this.#totalBy)
    firstObjects.note(this)
  }

  /** Milliseconds a connection attempt may take, 0 for no limit. */
  get patience(): number {
    const connect = this.#timeouts.connect > 0 ? this.#timeouts.connect : Number.POSITIVE_INFINITY
    const least = Math.min(this.#headBy - clock.now, this.#totalBy - clock.now, connect)
    return least === Number.POSITIVE_INFINITY ? 0 : Math.max(1, least)
  }

  /** A session has room: sends the head. */
  take(session: Http2ClientSession): void {
    if (this.#over) return
    this.#session = session
    watch(this)
    const request = this.#request
    if (
      request.upgrade !== null &&
      (request.upgrade.toLowerCase() !== 'websocket' || !session.takesConnect)
    ) {
      this.failed(
        new TransportError('aborted', `the server does not take ${request.upgrade} over HTTP/2`, true),
      )
      return
    }
    const reused = session.served > 0
    const endStream = request.bodyLength === 0 && request.upgrade === null
    this.#sent = endStream
    this.#sendOwed = request.bodyLength
    let stream: ClientHttp2Stream
    try {
      const options = { endStream, waitForTrailers: request.bodyLength === UNKNOWN_LENGTH }
      stream = session.request(this, requestList(request, session.home.origin.tls !== null), options)
    } catch (error) {
      session.release(this)
      this.failed(new TransportError('reset', 'the session took no request', true, error))
      return
    }
    this.#stream = stream
    this.#listen(stream)
    this.#handler.onConnect(reused)
    this.#bodyClock(stream.writableNeedDrain)
  }

  #listen(stream: ClientHttp2Stream): void {
    // Node ends a stream that was reset (even with NO_ERROR) like one whose last frame came. Only the order tells: a
    // proper end is pushed while the stream is still open.
    const push = stream.push
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk === null && !stream.closed) this.#complete = true
      return push.call(stream, chunk, encoding)
    }
    stream.on('error', () => {})
    stream.on('headers', (_headers, _flags, raw?: string[]) =>
      this.#guard(() => this.#information(raw ?? [])),
    )
    stream.on('response', (_headers, flags, raw?: string[]) =>
      this.#guard(() => this.#head(raw ?? [], flags)),
    )
    stream.on('trailers', (_headers, _flags, raw?: string[]) =>
      this.#guard(() => (this.#trailersIn = readTrailers(raw ?? [], this.#session!.home.limits.http))),
    )
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers(trailerObject(this.#trailersOut))
    })
    stream.on('drain', () => {
      if (this.#over || this.#sent) return
      this.#bodyClock(false)
      this.#handler.onDrain()
    })
    stream.on('close', () => {
      this.lost()
      this.#session?.release(this)
    })
  }

  #guard(step: () => void): void {
    if (this.#over) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error
      this.#fail('bad_response', error.message)
    }
  }

  #information(raw: string[]): void {
    const { status, headers } = readResponse(raw, this.#session!.home.limits.http)
    if (++this.#interim > MAX_INTERIM) throw new BadMessage(502, 'too many interim answers')
    if (status > 101 && status < 200) this.#handler.onInformation(status, headers)
  }

  #head(raw: string[], flags: number): void {
    const stream = this.#stream!
    const { status, headers, bodyLength } = readResponse(raw, this.#session!.home.limits.http)
    if (status < 200) throw new BadMessage(502, 'an interim answer without a final one')
    this.#answered = true
    if (this.#request.upgrade !== null && status === 200) {
      this.#over = true
      unwatch(this)
      this.#handler.onUpgrade(101, accepted(this.#request.headers, headers), stream)
      return
    }
    const none = this.#request.method === 'HEAD' || status === 204 || status === 304
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    this.#length = none ? UNKNOWN_LENGTH : bodyLength
    this.#touch()
    this.#handler.onHead(status, reasonPhrase(status), headers, ended && !none ? 0 : bodyLength, 20)
    if (this.#over) return
    stream.on('data', (chunk: Buffer) => this.#data(chunk))
    stream.on('end', () => this.#end())
  }

  #data(chunk: Buffer): void {
    if (this.#over) return
    this.#received += chunk.length
    if (this.#received > this.#session!.home.limits.http.maxBody) {
      this.#fail('bad_response', 'the body is too large')
      return
    }
    this.#touch()
    const more = this.#handler.onData(chunk)
    if (this.#over) return
    if (more) this.#handler.onFlush()
    else {
      this.#paused = true
      this.deadline = this.#totalBy
      this.#stream!.pause()
    }
  }

  #end(): void {
    const stream = this.#stream!
    // What was cut is told by `close`.
    if (this.#over || !this.#complete) return
    if (this.#length >= 0 && this.#received !== this.#length) {
      this.#fail('short_body', 'the answer ended before its declared length')
      return
    }
    this.#over = true
    unwatch(this)
    // Answered before the request was out: the rest is not wanted any more.
    if (!this.#sent) stream.close(constants.NGHTTP2_NO_ERROR)
    this.#handler.onEnd(this.#trailersIn)
  }

  /** The stream or its session is gone. */
  lost(): void {
    if (this.#over) return
    const stream = this.#stream
    const code = stream?.rstCode ?? constants.NGHTTP2_NO_ERROR
    const unseen = stream?.id !== undefined && stream.id > this.#session!.lastStream
    const untouched = unseen || stream?.id === undefined || UNTOUCHED.has(code)
    const fault = FAULTS.get(code) ?? (this.#answered ? 'short_body' : 'reset')
    this.#over = true
    unwatch(this)
    const message = `the stream was closed with code ${code}`
    this.#handler.onError(new TransportError(fault, message, untouched && !this.#answered))
  }

  write(chunk: Buffer): boolean {
    const stream = this.#stream
    if (this.#over || this.#sent || stream === null || chunk.length === 0) return true
    if (this.#request.bodyLength >= 0) {
      if (chunk.length > this.#sendOwed) chunk = chunk.subarray(0, this.#sendOwed)
      this.#sendOwed -= chunk.length
    }
    const flows = stream.write(Buffer.from(chunk))
    this.#bodyClock(!flows)
    return flows
  }

  end(trailers: HeaderBlock | null = null): void {
    if (this.#over || this.#sent || this.#stream === null) return
    if (this.#request.bodyLength > 0 && this.#sendOwed > 0) {
      this.#fail('aborted', 'the request body ended early')
      return
    }
    this.#sent = true
    this.#trailersOut = trailers
    this.#stream.end()
    this.#bodyClock(false)
  }

  resume(): void {
    if (!this.#paused || this.#over) return
    this.#paused = false
    this.#touch()
    this.#stream?.resume()
  }

  abort(error?: TransportError): void {
    if (this.#over) return
    this.#over = true
    unwatch(this)
    if (this.#stream === null) this.#pool.dequeue(this)
    else this.#stream.close(constants.NGHTTP2_CANCEL)
    if (error !== undefined) this.#handler.onError(error)
  }

  /** Ends the call before it had a stream. */
  failed(error: TransportError): void {
    if (this.#over) return
    this.#over = true
    unwatch(this)
    this.#handler.onError(error)
  }

  #fail(fault: TransportFault, message: string): void {
    this.abort(new TransportError(fault, message))
  }

  #touch(): void {
    this.deadline = Math.min(inTime(this.#timeouts.idle), this.#totalBy)
  }

  /** While a body is sent the clock of the answer stands still unless the server is the one who does not take it. */
  #bodyClock(blocked: boolean): void {
    if (this.#over || this.#answered) return
    if (this.#request.bodyLength === 0) this.deadline = Math.min(this.#headBy, this.#totalBy)
    else this.deadline = Math.min(inTime(blocked || this.#sent ? this.#timeouts.head : 0), this.#totalBy)
  }

  expire(): void {
    if (this.#session === null)
      this.abort(new TransportError('queue_timeout', 'no stream was free in time', true))
    else if (clock.now > this.#totalBy) this.#fail('total_timeout', 'the answer did not come in time')
    else this.#fail(this.#answered ? 'idle_timeout' : 'head_timeout', 'the answer did not come in time')
  }
}

/** The server says by these that it did nothing (RFC 9113, 7 and 8.7). */
const UNTOUCHED = new Set([constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_HTTP_1_1_REQUIRED])

/** Codes of a broken conversation; every other end is a reset or a short body. */
const FAULTS = new Map<number, TransportFault>([
  [constants.NGHTTP2_PROTOCOL_ERROR, 'bad_response'],
  [constants.NGHTTP2_FLOW_CONTROL_ERROR, 'bad_response'],
  [constants.NGHTTP2_FRAME_SIZE_ERROR, 'bad_response'],
  [constants.NGHTTP2_COMPRESSION_ERROR, 'bad_response'],
  [constants.NGHTTP2_HTTP_1_1_REQUIRED, 'bad_response'],
])

/** The head of a request as a flat list, pseudo-headers first. */
function requestList(request: DispatchRequest, secure: boolean): string[] {
  const { headers, upgrade } = request
  const list = [':method', upgrade === null ? request.method : 'CONNECT']
  list.push(
    ':scheme',
    secure ? 'https' : 'http',
    ':authority',
    headers.get('host') ?? '',
    ':path',
    request.path,
  )
  if (upgrade !== null) list.push(':protocol', 'websocket')
  writeFields(list, headers, 'host')
  if (
    upgrade === null &&
    (request.bodyLength > 0 || (request.bodyLength === 0 && wantsLength(request.method)))
  )
    list.push('content-length', String(request.bodyLength))
  // What the client accepts at the end of an answer holds for this hop too: gRPC servers insist on it.
  if (headers.getAll('te').some(te => /\btrailers\b/i.test(te))) list.push('te', 'trailers')
  return list
}

function wantsLength(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}

/** The fields of an accepted WebSocket as HTTP/1.1 knows them: with proof that the key was read (RFC 6455, 4.2.2). */
function accepted(asked: HeaderBlock, answered: HeaderBlock): HeaderBlock {
  const key = asked.get('sec-websocket-key')
  const headers = HeaderBlock.from(answered.endToEnd())
  if (key !== undefined) {
    const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    headers.set('Sec-WebSocket-Accept', proof)
  }
  return headers
}
