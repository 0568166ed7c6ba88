/** The ports a thread listens on. Each listener serves the same gateway; routes may be bound to some of them. */
import {
  Http2Server,
  HttpServer,
  type HttpLimits,
  type RefusalHook,
  type ServerExchange,
} from '../http/index.ts'
import type { ListenerScope } from '../gateway/router/index.ts'
import type { ListenerSettings } from './thread-settings.ts'

/** Identity of the ports of the settings, as `bound_listeners` names it. */
export const STANDARD = 'standard-listener'

export interface ListenersOptions {
  readonly limits: HttpLimits
  readonly backlog: number
  readonly handler: (exchange: ServerExchange) => void
  /** Answers HTTP/1 requests of listeners that speak HTTP/2 only. */
  readonly refuseHttp1: (exchange: ServerExchange) => void
  readonly onRefusal: RefusalHook
}

interface Open {
  readonly server: HttpServer
  readonly scope: ListenerScope
}

export class Listeners {
  readonly #options: ListenersOptions
  readonly #open = new Map<string, Open>()
  readonly #scopes = new Map<string, ListenerScope>()
  #scopeId = ''
  #scope: ListenerScope = { id: '', standard: true, exclusive: false }

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  /** Resolves with the port; rejects when it cannot be had. */
  async listen(settings: ListenerSettings): Promise<number> {
    const { id, port, host, tls, http1, http2 } = settings
    const { limits, handler, backlog, onRefusal } = this.#options
    // Both ports of the settings are one listener to routes and plugins.
    const name = settings.standard ? STANDARD : id
    const server = new HttpServer({
      port,
      ...(host !== null && { host }),
      listener: name,
      limits,
      handler: http1 ? handler : this.#options.refuseHttp1,
      onRefusal,
      reusePort: true,
      backlog,
      ...(http2 && { http2: new Http2Server({ limits, handler, onRefusal }) }),
      ...(tls !== null && {
        tls: {
          cert: tls.cert,
          key: tls.key,
          minVersion: 'TLSv1.2' as const,
          ...(tls.clients !== null && {
            requestCert: true,
            rejectUnauthorized: tls.clients.needed,
            ca: tls.clients.authorities,
          }),
          ...(!http1 && { ALPNProtocols: ['h2'] }),
        },
      }),
    })
    const bound = await server.listen()
    const scope = { id: name, standard: settings.standard, exclusive: settings.exclusive }
    this.#open.set(id, { server, scope })
    this.#scopes.set(name, scope)
    this.#scopeId = ''
    return bound
  }

  /** Stops one listener; requests in flight finish within `limit` ms. */
  async unlisten(id: string, limit: number): Promise<void> {
    const open = this.#open.get(id)
    this.#open.delete(id)
    await open?.server.drain(limit)
  }

  /** What a listener may route to. Most requests come in on the same one. */
  readonly scopeOf = (id: string): ListenerScope => {
    if (id !== this.#scopeId) {
      this.#scope = this.#scopes.get(id) ?? { id, standard: true, exclusive: false }
      this.#scopeId = id
    }
    return this.#scope
  }

  get connections(): number {
    let total = 0
    for (const { server } of this.#open.values()) total += server.connections
    return total
  }

  async drain(limit: number): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ server }) => server.drain(limit)))
  }
}
