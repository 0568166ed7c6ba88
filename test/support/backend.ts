/** A backend for tests that tells what it got. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export interface Backend {
  readonly port: number
  readonly seen: Seen[]
  /** Connections open now. */
  connections(): Promise<number>
  close(): Promise<void>
}

/** Starts one. `answer` handles requests itself and gets the body; without it the request is echoed as JSON. */
export async function startBackend(
  answer?: (request: Seen, response: http.ServerResponse) => void,
): Promise<Backend> {
  const seen: Seen[] = []
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const got: Seen = {
        method: request.method!,
        url: request.url!,
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: Buffer.concat(chunks).toString(),
      }
      seen.push(got)
      if (answer !== undefined) {
        answer(got, response)
        return
      }
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ method: got.method, url: got.url, headers: got.headers, body: got.body }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
