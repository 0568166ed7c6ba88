/** Auth modules of type `basic`: the users are in the module, their passwords as bcrypt hashes. */
import { basicSchema } from '../../model/types/auth-module-types.ts'
import { isObject } from '../../model/types/shape.ts'
import { parse } from '../../schema/index.ts'
import type { Identity, ProviderOf } from '../contract.ts'
import { passwordProvider } from './password-provider.ts'

export const basic: ProviderOf = (module, services) => {
  const parsed = parse(basicSchema, module.json)
  if (!parsed.ok) throw new Error('the module is not of type basic')
  const { users, basicAuth, webauthn } = parsed.value
  // Without the second step a password alone would open what asks for both.
  if (webauthn) throw new Error('it asks for passkeys, which are not there yet: nobody can log in with it')
  // A name that nobody has costs as much as the dearest of those that somebody has.
  const dearest = users.map(({ password }) => password ?? '').reduce(dearer, '')
  const byEmail = new Map(users.map(user => [user.email, user]))
  return passwordProvider({
    module,
    services,
    nameLabel: 'Email',
    dialogue: basicAuth,
    async check(username, password) {
      const user = byEmail.get(username)
      const hash = user === undefined ? dearest : user.password
      if (!(await services.passwords.matches(password, hash ?? null)) || user === undefined) return null
      const { name, email, metadata, tags, rights, adminEntityValidators } = user
      const identity: Identity = {
        name,
        email,
        profile: { name, email, metadata, tags },
        token: {},
        otoroshiData: metadata,
        tags: [],
        metadata: {},
        rights,
        adminEntityValidators: isObject(adminEntityValidators) ? adminEntityValidators : {},
      }
      return identity
    },
  })
}

/** Of two bcrypt hashes the one that takes longer to compare with. */
function dearer(one: string, other: string): string {
  const costOf = (hash: string): number => Number(/^\$2[abxy]?\$(\d\d)\$/.exec(hash)?.[1] ?? 0)
  return costOf(other) > costOf(one) ? other : one
}
