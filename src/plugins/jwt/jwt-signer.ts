/** The backend gets a token made here. */
import { definePlugin, outputTokenAttribute, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { jsonTemplate } from '../json-template.ts'
import { findVerifier, tokenTimes, usualClaims, withClaims } from '../jwt-verifier.ts'
import { flag, setting, text } from '../settings.ts'
import { notConfigured } from './bare-refusals.ts'

const present = bareError(400, 'jwt.present', { error: 'bad request' })

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JwtSigner',
  name: 'Jwt signer',
  description:
    'Makes a token for the backend from the `token` of a verifier whose strategy is DefaultToken, signed with the keys of that verifier.',
  family: 'jwt',
  categories: ['Transformations'],
  steps: ['ValidateAccess', 'TransformRequest'],
  config: v.looseObject({
    verifier: setting(v.nullable(text), null, 'Id of the verifier'),
    replace_if_present: setting(flag, true, 'Put the token in place of one that the call brings'),
    fail_if_present: setting(flag, false, 'Refuse calls that bring a token'),
  }),
  setup(config, services) {
    const find = () => findVerifier(config.verifier ?? '', services)
    /** Templates by the verifier they were made for. */
    const templates = new WeakMap<object, ReturnType<typeof jsonTemplate>>()
    return {
      ...(config.fail_if_present && {
        access({ request }) {
          const verifier = find()
          if (verifier === null) return notConfigured
          return verifier.place.read(request).length > 0 ? present : undefined
        },
      }),
      request(exchange) {
        const verifier = find()
        const entity = services.jwt.verifier(config.verifier ?? '')
        if (verifier === null || entity === null) return notConfigured
        const { strategy } = entity
        if (strategy.type !== 'DefaultToken') return notConfigured
        if (!config.replace_if_present && verifier.place.read(exchange.request).length > 0) return undefined
        let made = templates.get(entity)
        if (made === undefined)
          templates.set(entity, (made = jsonTemplate(strategy.token, services.template)))
        const usual = usualClaims(exchange)
        const own = withClaims(exchange, usual, () => made(exchange, tokenTimes(exchange)))
        const claims = { ...usual, ...(own as Record<string, unknown>) }
        const token = verifier.sign(claims)
        if (token === null) return notConfigured
        verifier.place.write(exchange.upstream, token)
        exchange.attributes.set(outputTokenAttribute, { raw: token, claims })
        return undefined
      },
    }
  },
})
