/** Extra ports from `HttpListener` entities: opened, changed and closed as the entities are. */
import type { ControlPlane } from '../control/control-plane.ts'
import type { DataPlane } from '../data-plane/data-plane.ts'
import { type HttpListener, httpListener as kind } from '../model/kinds/http-listener.ts'
import { readEntityText } from '../model/read.ts'
import type { Delta } from '../revision/delta.ts'
import type { Log } from './log.ts'
import { listenerTls, type TlsMaterial } from './tls-material.ts'

export class HttpListeners {
  readonly #control: ControlPlane
  readonly #dataPlane: DataPlane
  readonly #tls: TlsMaterial | null
  readonly #log: Log
  /** Configuration of each open listener, as text. */
  readonly #open = new Map<string, string>()

  constructor(control: ControlPlane, dataPlane: DataPlane, tls: TlsMaterial | null, log: Log) {
    this.#control = control
    this.#dataPlane = dataPlane
    this.#tls = tls
    this.#log = log
  }

  /** Makes the ports those of the entities that the delta names. A port that cannot be had is reported as a fault. */
  async follow(delta: Delta): Promise<void> {
    for (const { kind: named, id } of delta.removals) if (named === kind.kind) this.#close(id)
    for (const { kind: named, id, json } of delta.writes)
      if (named === kind.kind && json !== null) await this.#write(delta, id, json)
  }

  async #write(delta: Delta, id: string, json: string): Promise<void> {
    const parsed = readEntityText(kind, json)
    const config = parsed.ok ? parsed.value.config : null
    const wanted = config === null || !config.enabled ? null : JSON.stringify(config)
    if (this.#open.get(id) === (wanted ?? undefined)) return
    this.#close(id)
    if (wanted === null || config === null) return
    try {
      await this.#listen(id, config)
      this.#open.set(id, wanted)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#log('error', `listener ${id} cannot listen: ${message}`)
      const fault = { kind: kind.kind, id, reason: 'listener.failed', message }
      this.#control.acknowledge(delta, { revision: delta.revision, faults: [fault] })
    }
  }

  async #listen(id: string, config: NonNullable<HttpListener['config']>): Promise<void> {
    if (config.tls && this.#tls === null)
      throw new Error('it wants TLS and the settings name no certificate (otoroshi.tls.certFile)')
    const http2 = config.tls ? config.http2 : config.h2c
    if (!config.http1 && !http2) throw new Error('it speaks neither HTTP/1 nor HTTP/2')
    if (config.clientAuth === 'Need' && !config.tls)
      throw new Error('it needs certificates of clients, which only TLS carries')
    await this.#dataPlane.listen({
      id,
      port: config.port,
      host: config.host,
      tls: config.tls && this.#tls !== null ? listenerTls(this.#tls, config.clientAuth) : null,
      http1: config.http1,
      http2,
      exclusive: config.exclusive,
      standard: false,
    })
  }

  #close(id: string): void {
    if (this.#open.delete(id)) this.#dataPlane.unlisten(id)
  }
}
