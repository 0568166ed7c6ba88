/** A message that is not valid HTTP. `status` is what a server answers before it closes. */
export class BadMessage extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'BadMessage'
    this.status = status
  }
}
