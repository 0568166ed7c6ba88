/** Roles decide who may come in. */
import {
  apikeyAttribute,
  definePlugin,
  inputTokenAttribute,
  refuse,
  schema as v,
  userAttribute,
} from '../../plugin/index.ts'
import { jsonPath } from '../json-paths.ts'
import { flag, noTexts, setting, text, texts } from '../settings.ts'
import { rolesAt, rolesInTags, rolesOfField, rolesPass } from './roles.ts'

const path = (what: string) => setting(v.nullable(jsonPath), null, `JSONPath to roles in ${what}`)

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RBAC',
  name: 'RBAC',
  description:
    'Lets a request pass when its verified token, its API key or its user has roles that are allowed and none that is denied. Each of the three is judged by itself, and one that passes is enough; whoever has no role does not pass.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    allow: setting(texts, noTexts, 'Roles that may pass; all when none is named'),
    deny: setting(texts, noTexts, 'Roles that may not'),
    allow_all: setting(flag, false, 'All of the allowed roles are needed, not only one'),
    deny_all: setting(flag, false, 'Only who has all of the denied roles may not pass'),
    jwt_path: path('the claims of the token'),
    apikey_path: path('the API key'),
    user_path: path('the user'),
    role_prefix: setting(v.nullable(text), null, 'Beginning of tags that name roles: `<prefix>:role:admin`'),
    roles: setting(text, 'roles', 'Claim, metadata entry and field of user data that hold roles'),
  }),
  setup(config) {
    const { allow, deny, allow_all: allowAll, deny_all: denyAll, roles: field } = config
    const passes = rolesPass({ allow, deny, allowAll, denyAll })
    const prefix = config.role_prefix?.trim() ?? ''
    const inToken = rolesAt(config.jwt_path)
    const inKey = rolesAt(config.apikey_path)
    const inUser = rolesAt(config.user_path)
    return {
      access({ attributes }) {
        const claims = attributes.get(inputTokenAttribute)?.claims
        if (claims !== undefined && passes([...rolesOfField(claims, field), ...inToken(claims)]))
          return undefined
        const key = attributes.get(apikeyAttribute)
        if (key !== undefined) {
          const { tags, metadata, json } = key
          if (passes([...rolesInTags(tags, prefix), ...rolesOfField(metadata, field), ...inKey(json)]))
            return undefined
        }
        const user = attributes.get(userAttribute)
        if (user !== undefined) {
          const { tags, sessionMetadata, metadata, entity } = user
          const own = [...rolesOfField(sessionMetadata, field), ...rolesOfField(metadata, field)]
          if (passes([...rolesInTags(tags, prefix), ...own, ...inUser(entity)])) return undefined
        }
        return refuse('consumer.not_allowed', { detail: 'nobody has a role that may pass' })
      },
    }
  },
})
