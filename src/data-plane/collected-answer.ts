/** Collects the head and the body of an answer that the gateway itself asked for. */
import { type Call, type HeaderBlock, type ResponseHandler, TransportError } from '../http/index.ts'

export interface Collected {
  readonly status: number
  readonly headers: HeaderBlock
  readonly body: Buffer
}

/** What is done with a body longer than the bound: its beginning is the answer, or there is none. */
export type Surplus = 'cut' | 'fail'

/** The body is longer than it may be. */
export class AnswerTooLarge extends Error {
  constructor(most: number) {
    super(`the answer is longer than ${most} bytes`)
    this.name = 'AnswerTooLarge'
  }
}

export class CollectedAnswer implements ResponseHandler {
  readonly #most: number
  readonly #surplus: Surplus
  readonly #body: Buffer | null
  readonly #resolve: (result: Collected) => void
  readonly #reject: (error: unknown) => void
  #call: Call | null = null
  #connected = false
  #status = 0
  #headers: HeaderBlock | null = null
  readonly #chunks: Buffer[] = []
  #length = 0
  #over = false

  /** `most`: bytes of the body that are kept. `body`: what is sent, or null. */
  constructor(
    most: number,
    surplus: Surplus,
    body: Buffer | null,
    resolve: (result: Collected) => void,
    reject: (error: unknown) => void,
  ) {
    this.#most = most
    this.#surplus = surplus
    this.#body = body
    this.#resolve = resolve
    this.#reject = reject
  }

  /** The answer may be there before the call is known. */
  use(call: Call): void {
    this.#call = call
    if (this.#over) call.abort()
    else if (this.#connected) this.#send()
  }

  giveUp(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#call?.abort()
    this.#reject(reason)
  }

  #send(): void {
    if (this.#body === null) return
    // What does not fit is kept by the socket: the body is in memory anyway.
    this.#call?.write(this.#body)
    this.#call?.end()
  }

  #done(complete: boolean): void {
    if (this.#over) return
    this.#over = true
    if (!complete) this.#call?.abort()
    const headers = this.#headers!
    this.#resolve({ status: this.#status, headers, body: Buffer.concat(this.#chunks) })
  }

  onConnect(): void {
    this.#connected = true
    if (this.#call !== null) this.#send()
  }

  onHead(status: number, _reason: string, headers: HeaderBlock): void {
    this.#status = status
    this.#headers = headers
    if (this.#most === 0 && this.#surplus === 'cut') this.#done(false)
  }

  onData(chunk: Buffer): boolean {
    if (this.#over) return true
    this.#length += chunk.length
    if (this.#surplus === 'fail' && this.#length > this.#most) {
      this.giveUp(new AnswerTooLarge(this.#most))
      return true
    }
    this.#chunks.push(Buffer.from(chunk))
    if (this.#surplus === 'cut' && this.#length >= this.#most) this.#done(false)
    return true
  }

  onEnd(): void {
    this.#done(true)
  }

  onError(error: TransportError): void {
    if (this.#over) return
    this.#over = true
    this.#reject(error)
  }

  onUpgrade(_status: number, _headers: HeaderBlock, stream: { destroy(): unknown }): void {
    stream.destroy()
    this.giveUp(new TransportError('bad_response', 'the server switched protocols'))
  }

  onInformation(): void {}
  onFlush(): void {}
  onDrain(): void {}
}
