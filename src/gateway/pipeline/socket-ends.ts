/** The two ends of a WebSocket whose messages are read: a stream of frames on the wire, or a plugin. */
import type { Duplex, Writable } from 'node:stream'
import * as ws from 'ws'
import type { SocketMessage } from '../../plugin/contract.ts'

interface FrameReceiver extends Writable {
  on(event: 'message', listener: (data: Buffer, binary: boolean) => void): this
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'drain', listener: () => void): this
}

interface FrameSender {
  send(
    data: Buffer,
    options: { binary: boolean; compress: boolean; fin: boolean; mask: boolean },
    done?: (error?: Error) => void,
  ): void
  ping(data: Buffer, mask: boolean): void
  pong(data: Buffer, mask: boolean): void
  close(code: number | undefined, reason: Buffer | undefined, mask: boolean): void
}

// The frame classes of the library are public but untyped.
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number; binaryType: string }) => FrameReceiver
  Sender: new (socket: Duplex, extensions: object) => FrameSender
}

/** Stands for "no code was given" (RFC 6455, 7.1.5), and is never sent. */
export const NO_CODE = 1005
/** Longest reason of a close frame, bytes. */
const LONGEST_REASON = 120

/** One end as the other sees it. */
export interface SocketEnd {
  readonly name: SocketMessage['direction']
  /** Nothing more is sent to it. */
  readonly closed: boolean
  /** It takes no more for now; `onDrain` is called when it does. */
  readonly full: boolean
  onDrain: (() => void) | null
  /** A whole message; with a promise, the next one waits. */
  send(data: Buffer, binary: boolean): void | Promise<void>
  ping(data: Buffer): void
  pong(data: Buffer): void
  /** The other end said that it closes. */
  conclude(code: number, reason: Buffer): void
  /** Ends it with words of ours. */
  end(code: number, reason: string): void
  /** The other end is gone; `close` may have come before. */
  over(): void
}

/** A stream of frames. */
export class WireEnd implements SocketEnd {
  readonly name: SocketMessage['direction']
  readonly stream: Duplex
  onDrain: (() => void) | null = null
  closed = false
  readonly #sender: FrameSender
  /** Frames to a backend are masked: towards it we are the client. */
  readonly #mask: boolean

  constructor(name: SocketMessage['direction'], stream: Duplex) {
    this.name = name
    this.stream = stream
    this.#sender = new Sender(stream, {})
    this.#mask = name === 'backend'
    stream.on('drain', () => this.onDrain?.())
  }

  /** What reads its frames; messages above `most` bytes are an error. */
  receiver(most: number): FrameReceiver {
    return new Receiver({ isServer: this.name === 'client', maxPayload: most, binaryType: 'nodebuffer' })
  }

  get full(): boolean {
    return this.stream.writableNeedDrain
  }

  send(data: Buffer, binary: boolean): void {
    this.#sender.send(data, { binary, compress: false, fin: true, mask: this.#mask })
  }

  ping(data: Buffer): void {
    if (!this.closed) this.#sender.ping(data, this.#mask)
  }

  pong(data: Buffer): void {
    if (!this.closed) this.#sender.pong(data, this.#mask)
  }

  conclude(code: number, reason: Buffer): void {
    if (this.closed) return
    this.closed = true
    const given = code !== NO_CODE
    this.#sender.close(given ? code : undefined, given ? reason : undefined, this.#mask)
  }

  end(code: number, reason: string): void {
    if (this.closed) return
    this.closed = true
    try {
      this.#sender.close(code, Buffer.from(reason).subarray(0, LONGEST_REASON), this.#mask)
    } catch {
      this.stream.destroy()
      return
    }
    this.stream.end()
  }

  over(): void {
    this.stream.end()
  }
}
