/** One keep-alive connection that sends prepared requests one after the other; as light as a client can be. */
import net from 'node:net'

/** Called once per request: status (0: the connection was lost) and body as latin1 text. */
export type Answered = (status: number, body: string) => void

const HEAD_END = '\r\n\r\n'

export class KeepAliveClient {
  /** The connection ended without our doing. */
  lost = false
  readonly #socket: net.Socket
  #answered: Answered | null = null
  #text = ''

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', data => this.#take(data as Buffer))
    socket.on('error', () => {})
    socket.on('close', () => this.#gone())
  }

  static connect(port: number): Promise<KeepAliveClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new KeepAliveClient(socket))
      })
    })
  }

  get busy(): boolean {
    return this.#answered !== null
  }

  /** Sends a request; the one before must have been answered. */
  send(request: Buffer, answered: Answered): void {
    if (this.#answered !== null) throw new Error('the request before has no answer yet')
    this.#answered = answered
    if (this.lost) this.#gone()
    else this.#socket.write(request)
  }

  ask(request: Buffer): Promise<{ readonly status: number; readonly head: string; readonly body: string }> {
    return new Promise(resolve =>
      this.send(request, (status, body) => resolve({ status, head: this.lastHead, body })),
    )
  }

  /** Head of the last answer. */
  lastHead = ''

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  // Answers of a known length only: the requests are ours, and so are the backends.
  #take(data: Buffer): void {
    this.#text += data.toString('latin1')
    const end = this.#text.indexOf(HEAD_END)
    if (end < 0) return
    const head = this.#text.slice(0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    const from = end + HEAD_END.length
    if (this.#text.length < from + length) return
    const body = this.#text.slice(from, from + length)
    this.#text = ''
    this.lastHead = head
    this.#done(Number(head.slice(9, 12)), body)
  }

  #gone(): void {
    this.lost = true
    this.#done(0, '')
  }

  #done(status: number, body: string): void {
    const answered = this.#answered
    this.#answered = null
    answered?.(status, body)
  }
}

/** The bytes of a request without a body. */
export function getRequest(host: string, path = '/'): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n\r\n`)
}
