/**
 * A backend for huge bodies: `POST` is answered with the number of bytes that came, which are checked; `GET /<bytes>` with
 * that many, `GET /<bytes>/chunked` without telling the length.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { PatternCheck, PatternSource } from './body-pattern.ts'

export class BodyBackend {
  readonly port: number
  /** Of the last upload. */
  received = new PatternCheck()
  /** Of the last download. */
  sent: PatternSource | null = null
  /** Set: the next upload is not read until it is called for. */
  deaf = false
  readonly #server: http.Server
  #waiting: http.IncomingMessage | null = null

  constructor(server: http.Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('request', (request, response) => {
      if (request.method === 'POST') this.#receive(request, response)
      else this.#send(request.url!.split('/'), response)
    })
  }

  static async start(): Promise<BodyBackend> {
    const server = http.createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new BodyBackend(server)
  }

  /** Reads the upload that waits. */
  hear(): void {
    this.deaf = false
    this.#waiting?.resume()
    this.#waiting = null
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #receive(request: http.IncomingMessage, response: http.ServerResponse): void {
    const check = new PatternCheck()
    this.received = check
    request.on('data', data => check.take(data))
    request.on('end', () => response.end(String(check.length)))
    if (!this.deaf) return
    request.pause()
    this.#waiting = request
  }

  #send([, length, framing]: readonly string[], response: http.ServerResponse): void {
    if (framing !== 'chunked') response.setHeader('Content-Length', length!)
    this.sent = new PatternSource(response, Number(length))
  }
}
