/**
 * A stream of Node within the flow of a body.
 *
 * Guarantees: it holds no more than the stream's own buffers, since it stops the sender when the stream is full and the stream
 * when the reader is; what it holds is given out whenever the sender pauses; the stream is destroyed when nobody wants the rest.
 */
import type { Duplex } from 'node:stream'
import type { BodyReader, HeaderBlock } from '../../http/index.ts'
import { BodyFault } from '../../plugin/body-fault.ts'
import type { BodyStream } from '../../plugin/contract.ts'

/** What a stage needs of the flow around it. */
export interface StageFlow {
  readonly next: BodyReader
  /** The stage takes more. */
  more(): void
  /** What was held has been given to the reader, and the sender pauses. */
  paused(): void
}

export class StreamStage implements BodyReader {
  readonly #step: BodyStream
  readonly #stream: Duplex
  readonly #flow: StageFlow
  /** Writes the stream has not dealt with yet. */
  #writes = 0
  #flushing = false
  #ended = false
  #over = false
  #trailers: HeaderBlock | null = null
  /** Memory of a piece that the stream has dealt with. */
  #spare: Buffer | null = null

  constructor(step: BodyStream, flow: StageFlow) {
    this.#step = step
    this.#flow = flow
    const stream = step.open()
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => {
      if (!this.#over && !flow.next.data(chunk)) stream.pause()
      if (step.keepsNothing === true) free(chunk)
    })
    stream.on('drain', () => {
      if (!this.#over) flow.more()
    })
    stream.on('end', () => {
      if (this.#over) return
      this.#over = true
      flow.next.end(this.#trailers)
    })
    stream.on('error', error => this.#failed(error))
  }

  /** The reader takes more. */
  resume(): void {
    if (!this.#over) this.#stream.resume()
  }

  /** Nobody wants the rest. */
  close(): void {
    this.#over = true
    this.#stream.destroy()
  }

  data(chunk: Buffer): boolean {
    if (this.#over || this.#ended) return true
    this.#writes++
    const memory = this.#memoryFor(chunk.length)
    chunk.copy(memory)
    return this.#stream.write(memory.subarray(0, chunk.length), () => {
      this.#spare = memory
      if (--this.#writes === 0) this.#idle()
    })
  }

  /** A piece is valid during the call only, so it is copied. */
  #memoryFor(length: number): Buffer {
    const spare = this.#spare
    this.#spare = null
    const fits = this.#step.keepsNothing === true && spare !== null && spare.length >= length
    return fits ? spare : Buffer.allocUnsafeSlow(length)
  }

  end(trailers: HeaderBlock | null): void {
    if (this.#over) return
    this.#ended = true
    this.#trailers = trailers
    this.#stream.end()
  }

  error(error: Error): void {
    if (this.#over) return
    this.close()
    this.#flow.next.error(error)
  }

  #idle(): void {
    if (this.#flushing || this.#ended || this.#over) return
    const { flush } = this.#step
    if (flush === undefined) {
      this.#pause()
      return
    }
    this.#flushing = true
    flush.call(this.#step, this.#stream, () => {
      this.#flushing = false
      this.#pause()
    })
  }

  /** The last pieces are given out behind the callback of the write. */
  #pause(): void {
    setImmediate(() => {
      if (!this.#over && this.#writes === 0) this.#flow.paused()
    })
  }

  #failed(error: Error): void {
    if (this.#over) return
    this.close()
    const { fault } = this.#step
    this.#flow.next.error(fault === undefined ? error : new BodyFault({ ...fault, detail: error.message }))
  }
}

/** Output buffers of zlib from this size on are no part of a pool. */
const OWN = 16_384

/**
 * Gives the memory of a piece back at once. Streams of zlib allocate for each piece, which on a fast one outruns the collector.
 * A piece that ends where its memory ends is the last of it: the stream goes on with new memory.
 */
function free({ buffer, byteOffset, length }: Buffer): void {
  if (buffer.byteLength >= OWN && byteOffset + length === buffer.byteLength)
    (buffer as ArrayBuffer).transfer(0)
}
