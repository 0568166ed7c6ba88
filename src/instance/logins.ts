/** Logins, wired to the rest of the process. */
import { randomUUID } from 'node:crypto'
import type { Settings } from '../config/index.ts'
import type { ControlPlane } from '../control/control-plane.ts'
import { controlCalls } from '../data-plane/control-calls.ts'
import { buildAlert, type EventPort } from '../events/index.ts'
import { Login } from '../login/login.ts'
import type { LoginServices } from '../login/services.ts'
import { isInForce } from '../login/certificate-life.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { type Certificate, certificate } from '../model/kinds/certificate.ts'
import { CLIENT_HEADER, MODULES_HEADER, TOKEN_HEADER, URL_HEADER } from './admin-listener.ts'
import type { Log } from './log.ts'

export interface LoginParts {
  readonly settings: Settings
  readonly control: ControlPlane
  readonly audit: EventPort
  readonly adminCall: LoginServices['adminCall']
  /** What proves that a request comes by the way of logins. */
  readonly token: string
  readonly log: Log
}

export function openLogins({ settings, control, audit, adminCall, token, log }: LoginParts): Login {
  const { loginHosts, console, storage, pool, backends, instance } = settings
  const stored = (id: string) => {
    const read = control.get(certificate as EntityDefinition, id)?.read()
    if (read?.ok !== true) return null
    const stored = read.value as Certificate
    if (!isInForce(stored, Date.now())) return null
    const { chain, privateKey, password, _loc } = stored
    return { chain, privateKey, passphrase: password, tenant: _loc.tenant }
  }
  const everywhere = { id: '', name: '' }
  return new Login({
    control,
    settings: {
      userHosts: loginHosts.users,
      adminHosts: loginHosts.administrators,
      scheme: loginHosts.scheme,
      port: loginHosts.port,
      cookieDomain: loginHosts.cookieDomain,
      secret: loginHosts.secret,
      tokenHeader: settings.headerNames.bearer.toLowerCase(),
      root: storage.root,
      admin: {
        cookie: console.cookieName,
        secure: console.cookieSecure,
        sameSite: console.cookieSameSite === 'strict' ? 'strict' : 'lax',
        sessionLife: console.sessionLife,
      },
    },
    token: { header: TOKEN_HEADER, value: token },
    told: { client: CLIENT_HEADER, url: URL_HEADER, modules: MODULES_HEADER },
    calls: controlCalls(pool, backends.dnsTtl, stored),
    certificate: stored,
    adminCall,
    alert: (name, fields) => {
      if (audit.wanted)
        audit.emit(buildAlert(name, randomUUID(), Date.now(), instance.env, everywhere, fields()))
    },
    log,
  })
}
