/** Basic credentials of the users of an auth module (RFC 7617), asked with every call. */
import { answer, type FullAnswer, definePlugin, schema as v, userAttribute } from '../../plugin/index.ts'
import { readBasic } from '../../identity/credential.ts'
import type { ReasonCode } from '../../plugin/reasons.ts'
import { bareError } from '../bare-error.ts'
import { flag, setting, text } from '../settings.ts'

/** Modules that know names and passwords. */
const WITH_PASSWORDS = new Set(['basic', 'ldap'])

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.BasicAuthWithAuthModule',
  name: 'Basic auth. from auth. module',
  description:
    'Lets calls in that bring the name and the password of a user of an auth module of type basic or ldap. No session is made; a password that was good is not asked for again for a minute.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    ref: setting(text, '', 'Id of the auth module'),
    add_authenticate_header: setting(flag, true, 'Make browsers ask for name and password'),
  }),
  setup({ ref, add_authenticate_header: asks }, { logins }) {
    const fault = (description: string): FullAnswer =>
      bareError(500, 'auth.module_without_passwords', {
        error: 'internal_server_error',
        error_description: description,
      })
    const refused = (): FullAnswer => {
      const module = asks ? logins.module(ref) : null
      return told(401, 'auth.bad_credentials', 'forbidden', [
        ...(module === null ? [] : [challenge(`bawam-${module.suffix}`)]),
      ])
    }
    return {
      async access({ request, attributes }) {
        const field = request.headers.get('authorization')
        const given = field?.startsWith('Basic ') === true ? readBasic(field.slice(6).trim()) : null
        if (given?.form !== 'secret') return refused()
        const module = logins.module(ref)
        if (module === null) return fault('auth. module not found')
        if (!WITH_PASSWORDS.has(module.type)) return fault('unsupported auth. module kind')
        const verdict = await logins.checkPassword(ref, given.clientId, given.secret, request.ip)
        switch (verdict.kind) {
          case 'user':
            attributes.set(userAttribute, verdict.user)
            return undefined
          case 'wait':
            return told(429, 'auth.too_many', 'too_many_requests', [['Retry-After', String(verdict.seconds)]])
          case 'no-passwords':
            return fault('unsupported auth. module kind')
          default:
            return refused()
        }
      },
    }
  },
})

type Field = readonly [string, string]

function challenge(realm: string): Field {
  return [
    'WWW-Authenticate',
    `Basic realm="${realm.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, '\\$&')}"`,
  ]
}

function told(status: number, reason: ReasonCode, error: string, more: readonly Field[]): FullAnswer {
  const fields: readonly Field[] = [
    ['Content-Type', 'application/json'],
    ['Otoroshi-Error-Reason', reason],
  ]
  return answer(status, [...fields, ...more], JSON.stringify({ error }))
}
