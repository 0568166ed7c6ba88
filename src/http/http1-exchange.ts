/**
 * One request on an HTTP/1.x connection and its answer. Framing is computed here: `Content-Length` when the length is
 * known, chunked for HTTP/1.1, until-close for HTTP/1.0; never copied.
 *
 * A head waits for its first body bytes so that a small answer is one write; `flush` or `end` sends it.
 */
import type { Duplex } from 'node:stream'
import {
  addBytes,
  addText,
  enterRoom,
  leaveRoom,
  MOST_IN_ROOM,
  type RoomOwner,
  usedInRoom,
} from './answer-room.ts'
import { ChunkDecoder, chunkPrefix, lastChunk } from './chunked.ts'
import { ClientGone } from './client-gone.ts'
import {
  type BodyReader,
  type ConnectionFacts,
  type HttpVersion,
  type ServerExchange,
  UNKNOWN_LENGTH,
} from './contract.ts'
import { FirstObjects } from './first-objects.ts'
import type { BadMessage, RequestHead } from './head-parser.ts'
import type { HeaderBlock } from './headers.ts'
import type { Http1ServerConnection } from './http1-server.ts'
import { bodyless, httpDate, reasonPhrase } from './status.ts'
import { writeCopy } from './write-blocks.ts'

/** Up to this many bytes are gathered as text into one write; longer chunks are copied and written alone. */
const GATHER = 16_384

/** What a reason phrase may hold; anything else would write into the head. */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

const firstObjects = new FirstObjects()

export class Http1Exchange implements ServerExchange, RoomOwner {
  readonly method: string
  readonly target: string
  readonly version: HttpVersion
  readonly headers: HeaderBlock
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly bodyLength: number
  readonly upgrade: string | null
  onClose: (() => void) | null = null
  onDrain: (() => void) | null = null
  /** The request body was consumed to its exact end. */
  bodyDone: boolean
  keepAlive: boolean

  readonly #connection: Http1ServerConnection
  readonly #decoder: ChunkDecoder | null
  #remaining: number
  #reader: BodyReader | null = null
  #paused = false
  #skipping = false
  #expectContinue: boolean
  /** Bytes to write, as latin1 text; those in the room come before them. */
  #out = ''
  /** Where `#out` may still be told that the connection closes; 0 when the head is on its way. */
  #headEnd = 0
  #inRoom = false
  #started = false
  #chunked = false
  #noBody = false
  /** Body bytes still owed of a declared length, or -1. */
  #owed = UNKNOWN_LENGTH
  #ended = false
  #closed = false

  constructor(connection: Http1ServerConnection, head: RequestHead) {
    this.#connection = connection
    this.method = head.method
    this.target = head.target
    this.version = head.version
    this.headers = head.headers
    this.authority = head.authority
    this.scheme = connection.facts.tls === null ? 'http' : 'https'
    this.bodyLength = head.bodyLength
    this.upgrade = head.bodyLength === 0 ? head.upgrade : null
    this.keepAlive = head.keepAlive
    this.#expectContinue = head.expectContinue
    this.#remaining = head.bodyLength
    this.#decoder = head.chunked ? new ChunkDecoder(connection.context.limits) : null
    this.bodyDone = head.bodyLength === 0
    firstObjects.note(this)
  }

  get connection(): ConnectionFacts {
    return this.#connection.facts
  }

  readBody(reader: BodyReader): void {
    if (this.#closed && !this.bodyDone) {
      reader.error(new ClientGone('connection'))
      return
    }
    this.#reader = reader
    if (this.bodyDone) {
      reader.end(null)
      return
    }
    if (this.#expectContinue && !this.#started) {
      this.#expectContinue = false
      this.#connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
    }
    this.#connection.touch(this.#connection.context.limits.bodyTimeout)
    this.#connection.pumpBody()
  }

  resumeBody(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#closed) return
    if (this.bodyDone) {
      this.#connection.resumeReading()
      return
    }
    this.#connection.touch(this.#connection.context.limits.bodyTimeout)
    this.#connection.pumpBody()
  }

  /** Bytes of the body have somewhere to go. */
  get wantsBody(): boolean {
    return (this.#reader !== null || this.#skipping) && !this.#paused
  }

  /** Bytes of the body arrived. Consumes some and answers the next position; the same position means "not now". */
  bodyBytes(buf: Buffer, at: number, end: number): number {
    if (!this.wantsBody) return at
    let dataStart = at
    let dataEnd = at
    if (this.#decoder !== null) {
      at = this.#decoder.step(buf, at, end)
      dataStart = this.#decoder.dataStart
      dataEnd = this.#decoder.dataEnd
    } else {
      dataEnd = Math.min(end, at + this.#remaining)
      this.#remaining -= dataEnd - at
      at = dataEnd
    }
    const done = this.#decoder === null ? this.#remaining === 0 : this.#decoder.done
    if (dataEnd > dataStart) this.#deliver(buf, dataStart, dataEnd)
    if (done && !this.#closed) this.#bodyComplete()
    return at
  }

  #deliver(buf: Buffer, start: number, end: number): void {
    const limits = this.#connection.context.limits
    this.#connection.touch(limits.bodyTimeout)
    if (this.#skipping) return
    if (!this.#reader!.data(buf.subarray(start, end))) {
      this.#paused = true
      this.#connection.touch(0)
      this.#connection.stopReading()
    }
  }

  #bodyComplete(): void {
    this.bodyDone = true
    this.#connection.touch(0)
    if (this.#skipping) this.#connection.exchangeDone(this)
    else this.#reader?.end(this.#decoder?.trailers ?? null)
  }

  inform(status: number, headers: HeaderBlock): void {
    if (status < 100 || status > 199 || status === 101) throw new RangeError('not an interim status')
    if (this.version === 10 || this.#started || this.#closed) return
    this.#connection.socket.write(
      `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${headers.wire()}\r\n`,
      'latin1',
    )
  }

  writeHead(status: number, reason: string, headers: HeaderBlock, bodyLength: number): void {
    if (this.#started) throw new Error('the answer has already begun')
    if (!Number.isInteger(status) || status < 200 || status > 999)
      throw new RangeError(`${status} is not a final status`)
    this.#started = true
    if (!REASON.test(reason)) reason = reasonPhrase(status)
    const headless = this.method === 'HEAD'
    this.#noBody = headless || bodyless(status)
    let head = `HTTP/1.1 ${status} ${reason}\r\n${headers.wire()}`
    if (!headers.has('date')) head += `Date: ${httpDate()}\r\n`
    if (this.#noBody) {
      if (bodyLength >= 0 && status !== 204 && (headless || bodyLength > 0))
        head += `Content-Length: ${bodyLength}\r\n`
    } else if (bodyLength >= 0) {
      head += `Content-Length: ${bodyLength}\r\n`
      this.#owed = bodyLength
    } else if (this.version === 11) {
      head += 'Transfer-Encoding: chunked\r\n'
      this.#chunked = true
    } else this.keepAlive = false
    // An unread body that is too long to skip costs the connection; say so in time.
    if (!this.bodyDone && !this.#skippable()) this.keepAlive = false
    if (!this.keepAlive) head += 'Connection: close\r\n'
    else if (this.version === 10) head += 'Connection: keep-alive\r\n'
    else if (!this.bodyDone) this.#headEnd = head.length
    this.#out = `${head}\r\n`
  }

  /** Whoever reads the body may read it to its end, however long it is. */
  #skippable(): boolean {
    if (this.#reader !== null) return true
    return !this.#expectContinue && this.#restIsShort()
  }

  #restIsShort(): boolean {
    return this.#decoder === null && this.#remaining <= this.#connection.context.limits.maxSkippedBody
  }

  writeBody(chunk: Buffer): boolean {
    if (this.#closed || this.#ended) return true
    if (this.#noBody || chunk.length === 0) return true
    if (this.#owed >= 0) {
      if (chunk.length > this.#owed) {
        // More than declared: the declared length is already on the wire.
        chunk = chunk.subarray(0, this.#owed)
        this.keepAlive = false
      }
      this.#owed -= chunk.length
    }
    if (this.#gather(chunk)) return true
    this.#sendRoom()
    const before = this.#chunked ? this.#out + chunkPrefix(chunk.length) : this.#out
    this.#out = ''
    this.#headEnd = 0
    writeCopy(this.#connection.socket, before, chunk, this.#chunked ? '\r\n' : '')
    return this.#flowing()
  }

  /** Keeps a small chunk for the write to come; false: it is too long. */
  #gather(chunk: Buffer): boolean {
    const before = this.#inRoom ? usedInRoom() : this.#out.length
    if (before + chunk.length > GATHER) return false
    if (
      !this.#inRoom &&
      this.scheme === 'https' &&
      this.#headEnd === 0 &&
      enterRoom(this, this.#connection.socket, this.#out)
    ) {
      this.#inRoom = true
      this.#out = ''
    }
    if (this.#inRoom) {
      if (this.#chunked) addText(chunkPrefix(chunk.length))
      addBytes(chunk)
      if (this.#chunked) addText('\r\n')
    } else {
      const text = chunk.toString('latin1')
      this.#out += this.#chunked ? `${chunkPrefix(chunk.length)}${text}\r\n` : text
    }
    return true
  }

  #sendRoom(): void {
    if (!this.#inRoom) return
    this.#inRoom = false
    leaveRoom(this.#connection.socket)
  }

  get isOver(): boolean {
    return this.#closed
  }

  flush(): void {
    if (this.#closed || (this.#out === '' && !this.#inRoom)) return
    this.#sendOut()
    this.#flowing()
  }

  /** Sends what was gathered. */
  #sendOut(): void {
    this.#sendRoom()
    if (this.#out !== '') this.#connection.socket.write(this.#out, 'latin1')
    this.#out = ''
    this.#headEnd = 0
  }

  #flowing(): boolean {
    if (!this.#connection.socket.writableNeedDrain) return true
    this.#connection.touchWrite()
    return false
  }

  end(trailers: HeaderBlock | null = null): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#closed) return
    if (!this.#started) throw new Error('the answer has not begun')
    if (this.#owed > 0) {
      // Less than declared: only a torn connection tells the client.
      this.#ended = false
      this.abort()
      return
    }
    if (this.#chunked) {
      const last = lastChunk(trailers)
      if (this.#inRoom && usedInRoom() + last.length <= MOST_IN_ROOM) addText(last)
      else this.#out += last
    }
    if (this.#headEnd > 0 && !this.bodyDone && !this.#restIsShort()) this.#announceClose()
    this.#sendOut()
    this.#finish()
  }

  /** The answer is complete while much of the body is to come: nobody waits for that, and the client learns it in time. */
  #announceClose(): void {
    this.keepAlive = false
    this.#out = `${this.#out.slice(0, this.#headEnd)}Connection: close\r\n${this.#out.slice(this.#headEnd)}`
  }

  #finish(): void {
    if (this.bodyDone || !this.keepAlive) {
      this.#connection.exchangeDone(this)
      return
    }
    // The answer is out and has not said that the connection closes: the rest of the request body is skipped.
    this.#skipping = true
    this.#reader = null
    this.#paused = false
    if (this.#connection.socket.writableLength === 0) this.#connection.hurry()
    this.#connection.touch(this.#connection.context.limits.bodyTimeout)
    this.#connection.pumpBody()
    this.#connection.resumeReading()
  }

  abort(): void {
    if (this.#closed) return
    // A framed answer is visibly cut short by the end of the connection; one that runs until the end needs a reset.
    const visible = this.#started && !this.#ended && (this.#chunked || this.#owed > 0)
    this.#closed = true
    this.#ended = true
    if (!visible) {
      const untilClose = this.#started && !this.#chunked && !this.#noBody && this.#owed < 0
      if (untilClose) this.#connection.reset()
      else this.#connection.destroy()
      return
    }
    this.#sendOut()
    this.#connection.tear()
  }

  acceptUpgrade(headers: HeaderBlock): Duplex {
    const upgrade = this.upgrade
    if (upgrade === null || this.#started) throw new Error('there is no switch of protocols to accept')
    this.#started = true
    this.#ended = true
    this.#closed = true
    const socket = this.#connection.socket
    socket.write(
      `HTTP/1.1 101 ${reasonPhrase(101)}\r\n${headers.wire()}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`,
      'latin1',
    )
    return this.#connection.release()
  }

  drained(): void {
    // A client that was still taking its answer has all of it now.
    if (this.#skipping) this.#connection.hurry()
    const awaited = !this.bodyDone && this.wantsBody
    this.#connection.touch(awaited ? this.#connection.context.limits.bodyTimeout : 0)
    this.onDrain?.()
  }

  /** The framing of the request body is broken. */
  bodyFailed(error: BadMessage): void {
    this.keepAlive = false
    this.bodyDone = false
    const reader = this.#reader
    this.#reader = null
    if (reader !== null && !this.#ended) reader.error(error)
    if (this.#skipping || reader === null) this.#connection.linger()
  }

  /** The client is gone, or sent FIN in the middle of its body. */
  connectionClosed(): void {
    if (this.#closed) return
    this.#closed = true
    const reader = this.#reader
    this.#reader = null
    if (!this.bodyDone && reader !== null) reader.error(new ClientGone('connection'))
    if (!this.#ended) {
      this.#ended = true
      this.onClose?.()
    }
    this.#connection.destroy()
  }

  /** Nothing moved for too long. */
  expired(): void {
    const reader = this.#reader
    if (!this.bodyDone && reader !== null && !this.#started) {
      this.#reader = null
      this.keepAlive = false
      this.#connection.touch(5000)
      reader.error(new BodyTimeout())
    } else this.#connection.destroy()
  }
}

/** The client sent its body too slowly. */
export class BodyTimeout extends Error {
  constructor() {
    super('the request body did not arrive in time')
    this.name = 'BodyTimeout'
  }
}
