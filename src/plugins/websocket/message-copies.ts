/** Copies of messages for another WebSocket server: nobody waits for them, and what it does not keep up with is left out. */
import WebSocket from 'ws'

/** Messages kept until the connection stands. */
const MOST_WAITING = 100
/** Bytes that may wait on a connection. */
const MOST_BYTES = 1_048_576
/** Milliseconds the handshake may take. */
const PATIENCE = 10_000

export class MessageCopies {
  readonly #socket: WebSocket
  readonly #complain: (message: string) => void
  readonly #waiting: { readonly data: Buffer; readonly binary: boolean }[] = []
  #bytes = 0

  /** Connects. `complain` is told once what is wrong. */
  constructor(url: string, complain: (message: string) => void) {
    this.#complain = complain
    this.#socket = new WebSocket(url, {
      handshakeTimeout: PATIENCE,
      followRedirects: false,
      perMessageDeflate: false,
      maxPayload: MOST_BYTES,
    })
    this.#socket.on('open', () => {
      for (const { data, binary } of this.#waiting.splice(0)) this.#socket.send(data, { binary })
      this.#bytes = 0
    })
    // What the other server says counts for nothing.
    this.#socket.on('message', () => {})
    this.#socket.on('error', error => this.#failed(error.message))
  }

  send(data: Buffer, binary: boolean): void {
    const { readyState, bufferedAmount } = this.#socket
    if (readyState === WebSocket.OPEN) {
      if (bufferedAmount + data.length <= MOST_BYTES) this.#socket.send(data, { binary })
      else this.#complain('the mirror is too slow: a message is left out')
    } else if (readyState === WebSocket.CONNECTING) {
      if (this.#waiting.length >= MOST_WAITING || this.#bytes + data.length > MOST_BYTES) return
      this.#bytes += data.length
      this.#waiting.push({ data: Buffer.from(data), binary })
    }
  }

  close(): void {
    this.#waiting.length = 0
    this.#socket.close()
  }

  #failed(message: string): void {
    this.#waiting.length = 0
    this.#complain(`the mirror: ${message}`)
  }
}
