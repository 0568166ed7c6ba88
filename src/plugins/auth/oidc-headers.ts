/** The backend gets what the identity provider says of the user. */
import { readJws } from '../../identity/jwt/jws.ts'
import { checkField } from '../../http/headers.ts'
import { definePlugin, schema as v, userAttribute } from '../../plugin/index.ts'
import { asciiJson } from '../ascii-json.ts'
import { fieldValue } from '../field-value.ts'
import { flag, setting, text } from '../settings.ts'

const tokenHeader = (name: string, header: string, what: string) =>
  setting(
    v.looseObject({
      send: setting(flag, true, 'Send it'),
      name: setting(text, name, 'Field of the answer of the provider'),
      headerName: setting(text, header, 'Name of the header'),
      jwt: setting(flag, true, 'Send what the token says in place of the token'),
    }),
    () => ({ send: false, name, headerName: header, jwt: true }),
    what,
  )

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OIDCHeaders',
  name: 'OIDC headers',
  description:
    'Gives the profile and the tokens of the user, as the identity provider gave them, to the backend.',
  family: 'auth',
  categories: ['Headers'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    profile: setting(
      v.looseObject({
        send: setting(flag, true, 'Send it'),
        headerName: setting(text, 'X-OIDC-User', 'Name of the header'),
      }),
      () => ({ send: false, headerName: 'X-OIDC-User' }),
      'Profile of the user, as JSON',
    ),
    idToken: tokenHeader('id_token', 'X-OIDC-Id-Token', 'Id token'),
    accessToken: tokenHeader('access_token', 'X-OIDC-Access-Token', 'Access token'),
  }),
  setup({ profile, idToken, accessToken }) {
    const tokens = [idToken, accessToken].filter(({ send }) => send)
    const names = [...(profile.send ? [profile] : []), ...tokens].map(({ headerName }) => headerName)
    for (const name of names) checkField(name, '')
    return {
      request({ attributes, upstream: { headers } }) {
        // A client must not speak for the provider.
        for (const name of names) headers.delete(name)
        const user = attributes.get(userAttribute)
        if (user === undefined || Object.keys(user.token).length === 0) return
        if (profile.send) headers.set(profile.headerName, asciiJson(user.profile))
        for (const { name, headerName, jwt } of tokens) {
          const value = Object.hasOwn(user.token, name) ? user.token[name] : undefined
          const token = typeof value === 'string' ? value : null
          headers.set(headerName, jwt ? claimsIn(token) : token === null ? '--' : fieldValue(token))
        }
      },
    }
  },
})

function claimsIn(token: string | null): string {
  const jws = token === null ? null : readJws(token)
  return jws === null ? '--' : asciiJson(jws.claims)
}
