/** What logins need from the rest of the process. Filled by whoever wires the process. */
import type { ControlPlane } from '../control/control-plane.ts'
import type { ServerExchange } from '../http/contract.ts'
import type { AdminSession } from '../model/kinds/admin-session.ts'
import type { OutgoingCalls } from '../plugin/outgoing-calls.ts'
import type { StoredCertificate } from './contract.ts'
import type { ToldFields } from './request.ts'

export interface LoginSettings {
  /** Hosts of the login pages of routes, and those where administrators log in. Lower case. */
  readonly userHosts: readonly string[]
  readonly adminHosts: readonly string[]
  readonly scheme: 'http' | 'https'
  /** Port of links, 0 when that of the request counts. */
  readonly port: number
  /** Domain of session cookies; begins with a dot. */
  readonly cookieDomain: string
  /** Signs links and session ids. */
  readonly secret: string
  /** Header in which programs show a session. Lower case. */
  readonly tokenHeader: string
  /** Setting `storageRoot`. */
  readonly root: string
  readonly admin: {
    readonly cookie: string
    readonly secure: boolean
    readonly sameSite: 'lax' | 'strict'
    /** Milliseconds. */
    readonly sessionLife: number
  }
}

export interface LoginServices {
  readonly control: ControlPlane
  readonly settings: LoginSettings
  /** Field that proves that a request comes from the data plane, and its value. */
  readonly token: { readonly header: string; readonly value: string }
  readonly told: ToldFields
  readonly calls: OutgoingCalls
  certificate(id: string): StoredCertificate | null
  /** Answers a call of the admin API for an administrator; null when that API is not served. */
  readonly adminCall:
    | ((exchange: ServerExchange, target: string, admin: AdminSession, from: string) => void)
    | null
  /** Raises an alert; `fields` is called only when somebody listens. */
  alert(name: string, fields: () => Readonly<Record<string, unknown>>): void
  log(level: 'info' | 'warn' | 'error', message: string): void
}
