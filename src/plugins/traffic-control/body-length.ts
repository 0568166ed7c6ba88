/** A limit on the length of a body: refused, or cut off. Counts bytes as they pass; nothing is kept. */
import {
  type Body,
  BodyTooLarge,
  type BodyTransform,
  type Refusal,
  refuse,
  schema as v,
} from '../../plugin/index.ts'
import { count, flag, setting } from '../settings.ts'

/** Bytes allowed when the settings say nothing: 4 MiB. */
const DEFAULT_LENGTH = 4_194_304

export const bodyLengthSettings = v.looseObject({
  max_length: setting(count, null, 'Largest body in bytes; 4194304 when absent'),
  fail: setting(flag, false, 'Refuse a longer body instead of cutting it off'),
})

/** Applies the limit to a body. The refusal is for one whose declared length says enough. */
export type BodyLimit = (body: Body) => Refusal | undefined

export function bodyLimit(config: v.InferOutput<typeof bodyLengthSettings>): BodyLimit {
  const limit = config.max_length ?? DEFAULT_LENGTH
  if (config.fail)
    return body => {
      if (body.length > limit)
        return refuse('body_too_large', { detail: `${body.length} bytes, ${limit} allowed` })
      if (body.length < 0) body.transform(new Guard(limit))
      return undefined
    }
  return body => {
    if (body.length > limit) body.transform(new Truncation(limit), limit)
    else if (body.length < 0) body.transform(new Truncation(limit))
    return undefined
  }
}

/** Ends the message with an error as soon as it is too long: the other side sees that it is not complete. */
class Guard implements BodyTransform {
  readonly #limit: number
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  push(chunk: Buffer): Buffer {
    this.#size += chunk.length
    if (this.#size > this.#limit) throw new BodyTooLarge(this.#limit)
    return chunk
  }

  end(): null {
    return null
  }
}

/** Passes exactly the first bytes on and ends the message there. */
class Truncation implements BodyTransform {
  #left: number
  done = false

  constructor(limit: number) {
    this.#left = limit
  }

  push(chunk: Buffer): Buffer | null {
    this.done = chunk.length > this.#left
    const kept = this.done ? chunk.subarray(0, this.#left) : chunk
    this.#left -= kept.length
    return kept
  }

  end(): null {
    return null
  }
}
