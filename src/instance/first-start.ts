/** The first start on an empty store: the first entities, and how the first administrator learns the password. */
import { writeFileSync } from 'node:fs'
import type { Settings } from '../config/index.ts'
import type { Initial } from '../control/initial-entities.ts'
import { type InitialEntities, initialEntities } from '../model/initial.ts'
import { isObject } from '../model/types/shape.ts'
import type { PluginListing } from '../plugin/listing.ts'
import { StartFailure } from './failure.ts'
import { customizedContent, importedContent } from './first-import.ts'
import { hashPassword } from './password.ts'

/** The first login, to be shown once. `password` null: not to be shown. */
export interface FirstLogin {
  readonly name: string
  readonly password: string | null
}

export interface FirstStart {
  readonly initial: readonly Initial[]
  /** Null when the administrators are those of an import. */
  readonly login: FirstLogin | null
  /** Sentences for the log. */
  readonly warnings: readonly string[]
}

/**
 * Makes what a first start writes: the export the settings name, else the initial entities with their customization. Rejects
 * with `StartFailure`. `plugins`: those there are.
 */
export async function firstStart(
  settings: Settings,
  plugins: () => Promise<readonly PluginListing[]>,
): Promise<FirstStart> {
  const { entities, admin } = await entitiesOf(settings)
  const imported = await importedContent(settings, entities, plugins)
  if (imported !== null) return { ...imported, login: null }
  const { customization } = settings.firstStart
  if (customization === null) return { initial: entities, login: loginOf(settings, admin), warnings: [] }
  const content = await customizedContent(settings, entities, customization)
  const { username } = admin
  const given = passwordIn(customization, username)
  const login = loginOf(settings, given ? { username, generatedPassword: null } : admin)
  return { ...content, login }
}

async function entitiesOf(settings: Settings): Promise<InitialEntities> {
  const { firstStart: first, adminApi, adminHosts, domains, http } = settings
  return initialEntities({
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
    adminLogin: first.adminLogin,
    ...(first.adminPassword !== null && { adminPassword: first.adminPassword }),
    hashPassword,
  })
}

function loginOf(
  { firstStart: first }: Settings,
  { username, generatedPassword }: InitialEntities['admin'],
): FirstLogin {
  const written = generatedPassword !== null && first.writePassword
  if (written) writePassword(first.passwordFile, generatedPassword)
  return { name: username, password: written || first.hidePassword ? null : generatedPassword }
}

function passwordIn(customization: Readonly<Record<string, unknown>>, username: string): boolean {
  const admins = customization['simpleAdmins']
  return (
    Array.isArray(admins) &&
    admins.some(admin => isObject(admin) && admin['username'] === username && 'password' in admin)
  )
}

function writePassword(file: string, password: string): void {
  try {
    writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartFailure(`the password file cannot be written: ${reason}`, error)
  }
}
