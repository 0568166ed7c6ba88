/** The beginning of a body. */
import type { Body, BodyTransform } from '../../plugin/index.ts'

/** Reads at most `most` bytes and lets the rest go; null when the body broke. */
export async function firstBytes(body: Body, most: number): Promise<Buffer | null> {
  if (most === 0 || body.length === 0) return Buffer.alloc(0)
  body.transform(new FirstBytes(most))
  return body.read(most).catch(() => null)
}

class FirstBytes implements BodyTransform {
  #left: number
  done = false

  constructor(most: number) {
    this.#left = most
  }

  push(chunk: Buffer): Buffer {
    const kept = chunk.subarray(0, this.#left)
    this.#left -= kept.length
    this.done = this.#left === 0
    return kept
  }

  end(): null {
    return null
  }
}
