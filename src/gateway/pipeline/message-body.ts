/**
 * A body on its way through the gateway: streamed untouched unless somebody reads, replaces or transforms it.
 *
 * Guarantees: nothing is buffered unless `read` is called, and then never more than its limit; the source is opened at
 * most once.
 */
import { type BodyReader, type HeaderBlock, UNKNOWN_LENGTH } from '../../http/index.ts'
import type { Body, BodyTransform } from '../../plugin/contract.ts'

/** A body is longer than whoever reads it allows. */
export class BodyTooLarge extends Error {
  readonly limit: number
  constructor(limit: number) {
    super(`the body is longer than ${limit} bytes`)
    this.name = 'BodyTooLarge'
    this.limit = limit
  }
}

/** Starts the flow of the source into the reader. */
export type BodySource = (reader: BodyReader) => void

export class MessageBody implements Body {
  #length: number
  readonly #source: BodySource
  #content: Buffer | null = null
  #transforms: BodyTransform[] | null = null
  #opened = false
  #trailers: HeaderBlock | null = null

  constructor(length: number, source: BodySource) {
    this.#length = length
    this.#source = source
  }

  get length(): number {
    return this.#length
  }

  /** The source has begun to flow: it cannot be had a second time. */
  get opened(): boolean {
    return this.#opened
  }

  /** Buffered or replaced content, or null while the body is a stream. */
  get content(): Buffer | null {
    return this.#content
  }

  read(limit: number): Promise<Buffer> {
    const content = this.#content
    if (content !== null)
      return content.length > limit ? Promise.reject(new BodyTooLarge(limit)) : Promise.resolve(content)
    if (this.#length > limit) return Promise.reject(new BodyTooLarge(limit))
    if (this.#length === 0) return Promise.resolve(Buffer.alloc(0))
    if (this.#opened) return Promise.reject(new Error('the body is already being sent'))
    this.#opened = true
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let size = 0
      this.#source({
        data: chunk => {
          size += chunk.length
          if (size > limit) {
            reject(new BodyTooLarge(limit))
            return false
          }
          chunks.push(Buffer.from(chunk))
          return true
        },
        end: trailers => {
          this.#trailers = trailers
          this.#content = Buffer.concat(chunks, size)
          this.#length = size
          resolve(this.#content)
        },
        error: reject,
      })
    })
  }

  replace(content: Buffer | string): void {
    this.#content = typeof content === 'string' ? Buffer.from(content) : content
    this.#length = this.#content.length
    this.#transforms = null
  }

  transform(transform: BodyTransform, length = UNKNOWN_LENGTH): void {
    if (this.#length === 0 && this.#content === null) return
    this.#transforms ??= []
    this.#transforms.push(transform)
    this.#length = length
  }

  /** Sends the body, as it has become, to the reader. */
  flow(reader: BodyReader): void {
    const wanted = this.#transforms === null ? reader : transforming(this.#transforms, reader)
    const content = this.#content
    if (content === null) {
      this.#opened = true
      this.#source(wanted)
      return
    }
    if (content.length > 0) wanted.data(content)
    wanted.end(this.#trailers)
  }
}

function transforming(transforms: readonly BodyTransform[], reader: BodyReader): BodyReader {
  let failed = false
  const fail = (error: unknown): boolean => {
    failed = true
    reader.error(error instanceof Error ? error : new Error(String(error)))
    return true
  }
  const push = (chunk: Buffer | null, from: number): Buffer | null => {
    for (let i = from; i < transforms.length && chunk !== null; i++) chunk = transforms[i]!.push(chunk)
    return chunk
  }
  return {
    data(chunk) {
      if (failed) return true
      try {
        const out = push(chunk, 0)
        return out === null || out.length === 0 ? true : reader.data(out)
      } catch (error) {
        return fail(error)
      }
    },
    end(trailers) {
      if (failed) return
      try {
        for (let i = 0; i < transforms.length; i++) {
          const out = push(transforms[i]!.end(), i + 1)
          if (out !== null && out.length > 0) reader.data(out)
        }
      } catch (error) {
        fail(error)
        return
      }
      reader.end(trailers)
    },
    error(error) {
      if (!failed) reader.error(error)
    },
  }
}
