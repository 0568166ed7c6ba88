/** Logins for tests: modules and sessions as lists, passwords as a function. */
import { Attempts } from '../../identity/attempts.ts'
import { type AuthModuleView, viewAuthModule } from '../../identity/auth-module.ts'
import { Signer } from '../../identity/seal.ts'
import { type UserView, viewUser } from '../../identity/user.ts'
import { authModule as moduleKind } from '../../model/kinds/auth-module.ts'
import { authModuleUser as userKind } from '../../model/kinds/auth-module-user.ts'
import { readEntity } from '../../model/read.ts'
import { describeFaults } from '../../schema/index.ts'
import type { Logins, PasswordVerdict } from '../logins.ts'

export interface FakeLoginsInput {
  readonly modules?: readonly AuthModuleView[]
  readonly sessions?: readonly UserView[]
  readonly checkPassword?: Logins['checkPassword']
  readonly passwordMatches?: Logins['passwordMatches']
  readonly allowRedirectParameter?: boolean
}

/** An auth module of type `basic` unless the fields say another. */
export function authModule(fields: Readonly<Record<string, unknown>>): AuthModuleView {
  const parsed = readEntity(moduleKind, { type: 'basic', name: 'module under test', ...fields })
  if (!parsed.ok) throw new Error(`not an auth module: ${describeFaults(parsed.faults)}`)
  return viewAuthModule(parsed.value)
}

/** A session that lasts for an hour unless the fields say another end. */
export function userSession(fields: Readonly<Record<string, unknown>>): UserView {
  const now = Date.now()
  const times = { createdAt: now, expiredAt: now + 3_600_000, lastRefresh: now }
  const parsed = readEntity(userKind, { randomId: 'session', ...times, ...fields })
  if (!parsed.ok) throw new Error(`not a session: ${describeFaults(parsed.faults)}`)
  return viewUser(parsed.value)
}

export function fakeLogins(input: FakeLoginsInput = {}): Logins {
  const signer = new Signer('secret of tests')
  const refused: PasswordVerdict = { kind: 'refused' }
  return {
    session(id) {
      const found = input.sessions?.find(session => session.id === id)
      return found?.usableAt(Date.now()) === true ? found : null
    },
    module: id => input.modules?.find(module => module.id === id) ?? null,
    sign: text => signer.sign(text),
    idIn: text => signer.idIn(text),
    origin: () => 'http://privateapps.oto.tools',
    allowRedirectParameter: input.allowRedirectParameter ?? false,
    checkPassword: input.checkPassword ?? (async () => refused),
    passwordMatches: input.passwordMatches ?? (async () => ({ kind: 'refused' as const })),
    attempts: new Attempts(),
  }
}
