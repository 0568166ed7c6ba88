/** Basic credentials of users that stand in the settings (RFC 7617). */
import { readBasic } from '../../identity/credential.ts'
import { sameSecret } from '../../identity/proofs.ts'
import { answer, definePlugin, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { noEntries, setting, text, textMap } from '../settings.ts'

/** Setting of the global configuration whose users are those of every route. */
const GLOBAL_USERS = 'simple_basic_auth_global_users'
const HASH = /^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$/

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.SimpleBasicAuth',
  name: 'Basic Auth',
  description:
    'Lets calls in that bring the name and the password of a user of the settings. A password stands there in clear or as a bcrypt hash. Users of `simple_basic_auth_global_users` in the plugin settings of the global configuration are those of every route.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    realm: setting(text, 'authentication', 'What browsers say one logs in to'),
    users: setting(textMap, noEntries, 'Password, or its bcrypt hash, by name'),
  }),
  setup({ realm, users }, { globalSettings, logins, route }) {
    const known = new Map([...Object.entries(users), ...globalUsers(globalSettings[GLOBAL_USERS])])
    const nobodys = hashOfNobody([...known.values()].filter(password => HASH.test(password)))
    const challenge = `Basic realm="${realm.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, '\\$&')}"`
    const refused = answer(401, [
      ['WWW-Authenticate', challenge],
      ['Otoroshi-Error-Reason', 'auth.bad_credentials'],
    ])
    const tooMany = (seconds: number): FullAnswer =>
      answer(429, [
        ['Retry-After', String(seconds)],
        ['Otoroshi-Error-Reason', 'auth.too_many'],
      ])
    /** `right`: whether the password is that of the name. Guessing costs time; the right one costs a look. */
    const counted = (name: string, from: string, right: boolean): FullAnswer | undefined => {
      const { attempts } = logins
      if (!right) {
        const { wait } = attempts.begin(route.id, name, from)
        return wait > 0 ? tooMany(wait) : refused
      }
      const wait = attempts.waitOf(route.id, name, from)
      if (wait > 0) return tooMany(wait)
      attempts.known(route.id, name, from)
      return undefined
    }
    return {
      access({ request }) {
        const field = request.headers.get('authorization')
        const given = /^basic +(\S+)$/i.exec(field ?? '')?.[1]
        const credential = given === undefined ? null : readBasic(given)
        if (credential?.form !== 'secret') return refused
        const { clientId: username, secret: password } = credential
        const kept = known.get(username)
        // A hash is never compared as if it were the password: whoever reads it would be in.
        if (kept !== undefined && !HASH.test(kept))
          return counted(username, request.ip, kept !== '' && sameSecret(password, kept))
        const hash = kept ?? nobodys
        if (hash === null) return counted(username, request.ip, false)
        return logins
          .passwordMatches({ realm: route.id, username, password, hash, from: request.ip })
          .then(verdict => {
            if (verdict.kind === 'wait') return tooMany(verdict.seconds)
            return verdict.kind === 'matches' && kept !== undefined ? undefined : refused
          })
      },
    }
  },
})

/** A hash that is compared for a name nobody has: it takes as long as the dearest, and no password is its own. Null without hashes. */
function hashOfNobody(hashes: readonly string[]): string | null {
  const [dearest] = hashes.toSorted((a, b) => costOf(b) - costOf(a))
  return dearest === undefined ? null : `${dearest.slice(0, -31)}${'.'.repeat(31)}`
}

function costOf(hash: string): number {
  return Number(hash.split('$')[2])
}

/** Throws when they are there and cannot be read. */
function globalUsers(value: unknown): readonly [string, string][] {
  if (value === undefined || value === null) return []
  const parsed = v.safeParse(textMap, value)
  if (!parsed.success)
    throw new Error(`${GLOBAL_USERS} of the global configuration is no map of names to passwords`)
  return Object.entries(parsed.output)
}
