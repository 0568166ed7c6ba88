/**
 * A body on its way through the gateway: streamed untouched unless somebody reads, replaces or transforms it.
 *
 * Guarantees: nothing is buffered unless `read` is called, and then never more than its limit; the source is opened at
 * most once; whoever reads or sends the body gets it as the transformations before made it.
 */
import { type BodyReader, type HeaderBlock, UNKNOWN_LENGTH } from '../../http/index.ts'
import { BodyTooLarge } from '../../plugin/body-too-large.ts'
import type { Body, BodyStream, BodyTransform } from '../../plugin/contract.ts'
import { StreamStage } from './stream-stage.ts'

export { BodyTooLarge }

/** Starts the flow of the source into the reader. Answers what makes it flow on after the reader had enough. */
export type BodySource = (reader: BodyReader) => (() => void) | void

type Transformation = BodyTransform | BodyStream

export class MessageBody implements Body {
  #length: number
  /** Length as the sender declared it. */
  readonly #declared: number
  readonly #source: BodySource
  /** Everything the source gave, once it was read untransformed. */
  #received: Buffer | null = null
  #content: Buffer | null = null
  #transforms: Transformation[] | null = null
  /** Streams the body flows through, in order. */
  #stages: StreamStage[] = []
  #more: (() => void) | null = null
  /** What is called when the sender pauses and everything that came is with the reader. */
  onPause: (() => void) | null = null
  #opened = false
  #trailers: HeaderBlock | null = null

  constructor(length: number, source: BodySource) {
    this.#length = length
    this.#declared = length
    this.#source = source
  }

  get length(): number {
    return this.#length
  }

  /** The source has begun to flow: it cannot be had a second time. */
  get opened(): boolean {
    return this.#opened
  }

  /** The body can be had once more from its beginning, see `rewind`. */
  get repeatable(): boolean {
    return !this.#opened || this.#received !== null
  }

  /** Forgets what was made of the body: a further attempt starts from what the client sent. */
  rewind(): void {
    this.#content = this.#received
    this.#length = this.#received?.length ?? this.#declared
    this.#transforms = null
  }

  /** Buffered or replaced content, or null while the body is a stream. */
  get content(): Buffer | null {
    return this.#content
  }

  read(limit: number): Promise<Buffer> {
    const content = this.#content
    const transforms = this.#transforms
    if (content !== null && transforms === null)
      return content.length > limit ? Promise.reject(new BodyTooLarge(limit)) : Promise.resolve(content)
    if (this.#length > limit) return Promise.reject(new BodyTooLarge(limit))
    if (this.#length === 0) return Promise.resolve(Buffer.alloc(0))
    if (content === null && this.#opened) return Promise.reject(new Error('the body is already being sent'))
    this.#transforms = null
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let size = 0
      const collector: BodyReader = {
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
          if (size > limit) return
          this.#trailers = trailers
          this.#content = Buffer.concat(chunks, size)
          this.#length = size
          if (transforms === null) this.#received = this.#content
          resolve(this.#content)
        },
        error: reject,
      }
      this.#feed(transforms, collector)
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

  pipe(step: BodyStream): void {
    if (this.#length === 0 && this.#content === null) return
    this.#transforms ??= []
    this.#transforms.push(step)
    this.#length = UNKNOWN_LENGTH
  }

  /** The reader that had enough takes more. */
  resume(): void {
    const last = this.#stages.at(-1)
    if (last === undefined) this.#more?.()
    else last.resume()
  }

  /** Nobody wants the rest. */
  abandon(): void {
    for (const stage of this.#stages) stage.close()
  }

  /** Sends the body, as it has become, to the reader. */
  flow(reader: BodyReader): void {
    this.#feed(this.#transforms, reader)
  }

  #feed(transforms: readonly Transformation[] | null, reader: BodyReader): void {
    this.#stages = []
    const wanted = transforms === null ? reader : this.#through(transforms, reader)
    const content = this.#content
    if (content === null) {
      this.#opened = true
      this.#more = this.#source(wanted) ?? null
      return
    }
    if (content.length > 0) wanted.data(content)
    wanted.end(this.#trailers)
  }

  /** The reader behind all transformations. Built from the end: each stage knows the one before it once that is there. */
  #through(transforms: readonly Transformation[], reader: BodyReader): BodyReader {
    let next = reader
    for (let end = transforms.length; end > 0; ) {
      const last = transforms[end - 1]!
      if (isStream(last)) {
        const stage: StreamStage = new StreamStage(last, {
          next,
          more: () => this.#moreFor(stage),
          paused: () => this.onPause?.(),
        })
        this.#stages.unshift(stage)
        next = stage
        end--
        continue
      }
      const start = transforms.findLastIndex((step, at) => at < end && isStream(step)) + 1
      next = transforming(transforms.slice(start, end) as BodyTransform[], next)
      end = start
    }
    return next
  }

  #moreFor(stage: StreamStage): void {
    const before = this.#stages.indexOf(stage) - 1
    if (before < 0) this.#more?.()
    else this.#stages[before]!.resume()
  }
}

function isStream(step: Transformation): step is BodyStream {
  return 'open' in step
}

function transforming(transforms: readonly BodyTransform[], reader: BodyReader): BodyReader {
  let over = false
  const fail = (error: unknown): void => {
    over = true
    reader.error(error instanceof Error ? error : new Error(String(error)))
  }
  const push = (chunk: Buffer | null, from: number): Buffer | null => {
    for (let i = from; i < transforms.length && chunk !== null; i++) chunk = transforms[i]!.push(chunk)
    return chunk
  }
  /** What the transformations from the given one on still hold. */
  const flush = (from: number): void => {
    for (let i = from; i < transforms.length; i++) {
      const out = push(transforms[i]!.end(), i + 1)
      if (out !== null && out.length > 0) reader.data(out)
    }
  }
  return {
    data(chunk) {
      if (over) return true
      let more = true
      try {
        const out = push(chunk, 0)
        if (out !== null && out.length > 0) more = reader.data(out)
        const done = transforms.findLastIndex(transform => transform.done === true)
        if (done < 0) return more
        flush(done)
      } catch (error) {
        fail(error)
        return true
      }
      over = true
      reader.end(null)
      return true
    },
    end(trailers) {
      if (over) return
      try {
        flush(0)
      } catch (error) {
        fail(error)
        return
      }
      over = true
      reader.end(trailers)
    },
    error(error) {
      if (!over) reader.error(error)
    },
  }
}
