/** Basic credentials of users that stand in the settings (RFC 7617). */
import { readBasic } from '../../identity/credential.ts'
import { sameSecret } from '../../identity/proofs.ts'
import { answer, definePlugin, schema as v } from '../../plugin/index.ts'
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
  setup({ realm, users }, { globalSettings, logins }) {
    const known = new Map([...Object.entries(users), ...globalUsers(globalSettings[GLOBAL_USERS])])
    const hashed = [...known.values()].some(password => HASH.test(password))
    const challenge = `Basic realm="${realm.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, '\\$&')}"`
    const refused = answer(401, [
      ['WWW-Authenticate', challenge],
      ['Otoroshi-Error-Reason', 'auth.bad_credentials'],
    ])
    return {
      access({ request }) {
        const field = request.headers.get('authorization')
        const given = /^basic +(\S+)$/i.exec(field ?? '')?.[1]
        const credential = given === undefined ? null : readBasic(given)
        if (credential?.form !== 'secret') return refused
        const { clientId: name, secret } = credential
        const kept = known.get(name)
        // A hash is never compared as if it were the password: whoever reads it would be in.
        if (kept !== undefined && !HASH.test(kept))
          return kept !== '' && sameSecret(secret, kept) ? undefined : refused
        // A name nobody has takes as long as one whose hash is compared.
        if (kept === undefined && !hashed) return refused
        return logins
          .passwordMatches(secret, kept ?? '', request.ip)
          .then(matches => (matches && kept !== undefined ? undefined : refused))
      },
    }
  },
})

/** Throws when they are there and cannot be read. */
function globalUsers(value: unknown): readonly [string, string][] {
  if (value === undefined || value === null) return []
  const parsed = v.safeParse(textMap, value)
  if (!parsed.success)
    throw new Error(`${GLOBAL_USERS} of the global configuration is no map of names to passwords`)
  return Object.entries(parsed.output)
}
