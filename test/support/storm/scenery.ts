/**
 * What stands behind the storm: a backend, and the routes nobody edits. Every route of the storm has the root
 * `/is/<text>`, and the backend answers that text: so whoever asks sees which state of a route served it.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { TestGateway } from '../gateway.ts'

/** Milliseconds between two pieces of a download. */
const PACE = 100
const PIECE = Buffer.alloc(1024, 'x')

export class StormBackend {
  readonly port: number
  /** Bytes sent on each download, in the order they came. */
  readonly sent: number[] = []
  readonly #server: http.Server
  readonly #downloads: http.ServerResponse[] = []
  readonly #timer: NodeJS.Timeout

  private constructor(server: http.Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.#timer = setInterval(() => this.#pour(), PACE)
    const sockets = new WebSocketServer({ noServer: true })
    server.on('request', (request, response) => this.#answer(request.url!, response))
    server.on('upgrade', (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, peer =>
        peer.on('message', (data, binary) => peer.send(data, { binary })),
      ),
    )
  }

  static async start(): Promise<StormBackend> {
    const server = http.createServer({ keepAliveTimeout: 0 })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new StormBackend(server)
  }

  /** Ends all downloads. */
  finish(): void {
    clearInterval(this.#timer)
    for (const response of this.#downloads) response.end()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #answer(url: string, response: http.ServerResponse): void {
    const [, , text = ''] = url.split('/')
    if (text !== 'download') {
      response.setHeader('Content-Length', Buffer.byteLength(text))
      response.end(text)
      return
    }
    response.setHeader('X-Download', this.#downloads.length)
    response.flushHeaders()
    this.#downloads.push(response)
    this.sent.push(0)
  }

  #pour(): void {
    for (const [i, response] of this.#downloads.entries()) {
      response.write(PIECE)
      this.sent[i]! += PIECE.length
    }
  }
}

/** A route whose backend answers `text`. */
export function saying(
  id: string,
  text: string,
  port: number,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port }], root: `/is/${text}` },
    ...more,
  }
}

const plugins = [
  { plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersIn', config: { headers: { 'X-In': 'storm' } } },
  { plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersOut', config: { headers: { 'X-Out': 'storm' } } },
]

/** Creates the untouched routes; answers the ids of those for ordinary requests, which answer their id. */
export async function calmRoutes(gateway: TestGateway, port: number): Promise<readonly string[]> {
  const stored = await gateway.admin('POST', '/apis/proxy.otoroshi.io/v1/backends', {
    ...saying('calm-stored', 'calm-stored', port),
  })
  if (stored.status !== 201) throw new Error(`the backend was not created: ${stored.text}`)
  const routes = [
    ...Array.from({ length: 6 }, (_, i) => saying(`calm-${i}`, `calm-${i}`, port)),
    saying('calm-plugins', 'calm-plugins', port, { plugins }),
    saying('calm-stored', 'unused', port, { backend_ref: 'calm-stored' }),
  ]
  const client = { call_and_stream_timeout: 86_400_000, idle_timeout: 86_400_000 }
  const long = (id: string): Record<string, unknown> => {
    const route = saying(id, id, port)
    return { ...route, backend: { ...(route['backend'] as object), client } }
  }
  for (const route of [...routes, long('download'), long('sockets')]) await gateway.route(route)
  return routes.map(route => String(route['id']))
}
