/** A body is longer than whoever reads or limits it allows: the request is refused with `body_too_large`. */
export class BodyTooLarge extends Error {
  /** Bytes allowed. */
  readonly limit: number

  constructor(limit: number) {
    super(`the body is longer than ${limit} bytes`)
    this.name = 'BodyTooLarge'
    this.limit = limit
  }
}
