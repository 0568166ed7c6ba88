/**
 * The HTTPS port of the settings: opened when there is a certificate, and opened anew on the same port when something else is wanted
 * of clients (`tlsSettings.clientAuth` of the global configuration). Connections of before finish what they do.
 */
import type { Settings } from '../config/index.ts'
import type { ControlPlane } from '../control/control-plane.ts'
import type { DataPlane } from '../data-plane/data-plane.ts'
import { globalConfig } from '../model/kinds/global-config.ts'
import { readEntityText } from '../model/read.ts'
import type { Delta } from '../revision/delta.ts'
import { StartFailure } from './failure.ts'
import type { Log } from './log.ts'
import { HTTPS_LISTENER } from './thread-settings-of.ts'
import { type ClientAuth, listenerTls, type TlsMaterial } from './tls-material.ts'

export interface HttpsPortParts {
  readonly settings: Settings
  /** Null: there is no such port. */
  readonly tls: TlsMaterial | null
  readonly control: ControlPlane
  readonly dataPlane: DataPlane
  readonly log: Log
}

/** Values of the setting that leave nothing to the global configuration. */
const OF_SETTINGS: Readonly<Record<string, ClientAuth>> = { none: 'None', want: 'Want', need: 'Need' }

export class HttpsPort {
  readonly #parts: HttpsPortParts
  /** Kept when it closes: the same one is opened again. */
  #port: number
  /** What clients have to show; null while it is closed. */
  #open: ClientAuth | null = null

  constructor(parts: HttpsPortParts) {
    this.#parts = parts
    this.#port = parts.settings.https.port
  }

  /**
   * Opens it; answers the port, or null when there is none. Where the global configuration wants what cannot be had it stays closed,
   * and the `follow` that comes next says so. Rejects with `StartFailure` or `ListenFailed`.
   */
  async open(): Promise<number | null> {
    const { tls, settings } = this.#parts
    if (tls === null) return null
    const auth = this.#wanted()
    try {
      listenerTls(tls, auth)
    } catch (error) {
      if (OF_SETTINGS[settings.https.clientAuth] !== undefined) throw new StartFailure(faultOf(error))
      return null
    }
    await this.#listen(tls, auth)
    return this.#port
  }

  /** Follows the global configuration. What cannot be had is a fault of it, and the port stays closed. */
  async follow(delta: Delta): Promise<void> {
    const { tls, control, dataPlane, log } = this.#parts
    if (tls === null || !delta.writes.some(({ kind }) => kind === globalConfig.kind)) return
    const auth = this.#wanted()
    if (auth === this.#open) return
    if (this.#open !== null) dataPlane.unlisten(HTTPS_LISTENER)
    this.#open = null
    try {
      await this.#listen(tls, auth)
    } catch (error) {
      const message = faultOf(error)
      log('error', message)
      const fault = {
        kind: globalConfig.kind,
        id: globalConfig.singleton ?? '',
        reason: 'listener.failed',
        message,
      }
      control.acknowledge(delta, { revision: delta.revision, faults: [fault] })
    }
  }

  async #listen(tls: TlsMaterial, auth: ClientAuth): Promise<void> {
    const { http, https } = this.#parts.settings
    this.#port = await this.#parts.dataPlane.listen({
      id: HTTPS_LISTENER,
      port: this.#port,
      host: http.host,
      tls: listenerTls(tls, auth),
      http1: true,
      http2: https.http2,
      exclusive: false,
      standard: true,
    })
    this.#open = auth
  }

  #wanted(): ClientAuth {
    const { settings, control } = this.#parts
    const set = OF_SETTINGS[settings.https.clientAuth]
    if (set !== undefined) return set
    const stored = control.get(globalConfig, globalConfig.singleton ?? '')
    const parsed = stored === null ? null : readEntityText(globalConfig, stored.json)
    return parsed?.ok === true ? parsed.value.tlsSettings.clientAuth : 'None'
  }
}

function faultOf(error: unknown): string {
  return `the HTTPS port is closed: ${error instanceof Error ? error.message : String(error)}`
}
