/** The first start on an empty store: the first entities, and how the first administrator learns the password. */
import { writeFileSync } from 'node:fs'
import type { Settings } from '../config/index.ts'
import type { InitialEntity } from '../control/initial-entities.ts'
import { initialEntities } from '../model/initial.ts'
import { StartFailure } from './failure.ts'
import { hashPassword } from './password.ts'

/** The first login, to be shown once. `password` null: not to be shown. */
export interface FirstLogin {
  readonly name: string
  readonly password: string | null
}

export interface FirstStart {
  readonly entities: readonly InitialEntity[]
  readonly login: FirstLogin
}

/** Makes the first entities. Throws `StartFailure` when the password file cannot be written. */
export async function firstEntities(settings: Settings): Promise<FirstStart> {
  const { firstStart, adminApi, adminHosts, domains, http } = settings
  const { entities, admin } = await initialEntities({
    domain: domains.domain,
    // Any free port is chosen at each start; the stored target is never called.
    httpPort: http.port === 0 ? 8080 : http.port,
    adminApi: {
      exposedSubdomain: adminApi.subdomain,
      targetSubdomain: adminApi.targetSubdomain,
      exposedDomains: adminHosts.exposed,
      groupId: adminApi.groupId,
      routeId: adminApi.routeId,
      clientId: adminApi.clientId,
      clientSecret: adminApi.clientSecret,
    },
    adminLogin: firstStart.adminLogin,
    ...(firstStart.adminPassword !== null && { adminPassword: firstStart.adminPassword }),
    hashPassword,
  })
  const { username, generatedPassword } = admin
  if (generatedPassword !== null && firstStart.writePassword)
    writePassword(firstStart.passwordFile, generatedPassword)
  return { entities, login: { name: username, password: firstStart.hidePassword ? null : generatedPassword } }
}

function writePassword(file: string, password: string): void {
  try {
    writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartFailure(`the password file cannot be written: ${reason}`, error)
  }
}
