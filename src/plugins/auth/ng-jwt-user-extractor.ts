/** The bearer of a token is the user of the call. */
import { claimAt, plain } from '../../identity/jwt/claims.ts'
import type { Claims } from '../../identity/jwt/jws.ts'
import { passingUser } from '../../identity/user.ts'
import {
  type Answer,
  definePlugin,
  type Exchange,
  expressionValuesAttribute,
  inputTokenAttribute,
  schema as v,
  userAttribute,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { findVerifier, type Judgement } from '../jwt-verifier.ts'
import { flag, setting, text } from '../settings.ts'

const refused = bareError(401, 'oauth.refused', {
  error: 'unauthorized',
  error_description: 'You have to provide a valid user',
})

/** Claims that RFC 7519 registers: none of them describes a person. */
const REGISTERED = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'])
/** Milliseconds a user lives whose token says no end: that of one call. */
const ONE_CALL = 60_000

const path = (what: string) => setting(v.nullable(text), null, what)
const older = (of: string) =>
  v.pipe(v.nullish(text), v.description(`Another spelling of ${of}, which it comes before`))

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgJwtUserExtractor',
  name: 'Jwt user extractor',
  description: 'Makes the bearer of a token, which a JWT verifier accepts, the user of the call.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['PreRoute'],
  config: v.looseObject({
    verifier: setting(text, 'none', 'Id of the verifier'),
    strict: setting(flag, true, 'Refuse calls without a valid user'),
    strip: setting(flag, false, 'Leave registered claims out of the profile'),
    name_path: path('Dotted path to the name; `name` unless given'),
    email_path: path('Dotted path to the email; `email` unless given'),
    meta_path: path('Dotted path to the metadata'),
    namePath: older('name_path'),
    emailPath: older('email_path'),
    metaPath: older('meta_path'),
  }),
  setup(config, services) {
    const namePath = config.namePath ?? config.name_path ?? 'name'
    const emailPath = config.emailPath ?? config.email_path ?? 'email'
    const metaPath = config.metaPath ?? config.meta_path
    const otherwise = config.strict ? refused : undefined

    const userOf = (claims: Claims, raw: string, { startedAt, route }: Exchange) => {
      const profile = config.strip
        ? Object.fromEntries(Object.entries(claims).filter(([name]) => !REGISTERED.has(name)))
        : claims
      const metadata = metaPath === null ? undefined : claimAt(claims, metaPath)
      const { exp } = claims
      return passingUser({
        name: plain(claimAt(claims, namePath)) ?? '--',
        email: plain(claimAt(claims, emailPath)) ?? '--',
        realm: `JwtUserExtractor@${route.id}`,
        authConfigId: '',
        profile,
        token: { jwt: raw, payload: claims },
        otoroshiData: typeof metadata === 'object' && !Array.isArray(metadata) ? metadata : null,
        createdAt: startedAt,
        expiredAt: typeof exp === 'number' ? exp * 1000 : startedAt + ONE_CALL,
      })
    }
    const settle = (exchange: Exchange, judgement: Judgement): Answer | undefined => {
      if (!judgement.ok || judgement.input === null) return otherwise
      const { raw } = judgement.input
      const claims = judgement.input.claims as Claims
      const { attributes } = exchange
      attributes.set(userAttribute, userOf(claims, raw, exchange))
      attributes.set(inputTokenAttribute, judgement.input)
      const before = attributes.get(expressionValuesAttribute)
      attributes.set(expressionValuesAttribute, key =>
        Object.hasOwn(claims, key) ? plain(claims[key]) : before?.(key),
      )
      return undefined
    }
    return {
      preRoute(exchange) {
        const verifier = findVerifier(config.verifier, services)
        if (verifier === null) return otherwise
        const judgement = verifier.judge(exchange)
        return judgement instanceof Promise
          ? judgement.then(done => settle(exchange, done))
          : settle(exchange, judgement)
      },
    }
  },
})
