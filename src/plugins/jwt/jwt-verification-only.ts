/** Calls need a token that a verifier accepts; the backend gets the request as it came. */
import {
  definePlugin,
  type Exchange,
  inputTokenAttribute,
  outputTokenAttribute,
  schema as v,
} from '../../plugin/index.ts'
import { customResponseSettings, refusalAnswer } from '../custom-response.ts'
import { findVerifier, type Judgement } from '../jwt-verifier.ts'
import { flag, setting, text } from '../settings.ts'
import { notConfigured } from './bare-refusals.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JwtVerificationOnly',
  name: 'Jwt verification only',
  description: 'Lets calls in whose token the verifier accepts. The request to the backend is not changed.',
  family: 'jwt',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    verifier: setting(v.nullable(text), null, 'Id of the verifier'),
    fail_if_absent: setting(flag, true, 'Ask the verifier about calls without token, too'),
    ...customResponseSettings,
  }),
  setup(config, services) {
    const instead = refusalAnswer(config)
    const settle = ({ attributes }: Exchange, judgement: Judgement) => {
      if (!judgement.ok) return instead(judgement.refusal, judgement.refusal.reason)
      if (judgement.input !== null) attributes.set(inputTokenAttribute, judgement.input)
      if (judgement.output !== null) attributes.set(outputTokenAttribute, judgement.output)
      return undefined
    }
    return {
      access(exchange) {
        const verifier = findVerifier(config.verifier ?? '', services)
        if (verifier === null) return notConfigured
        if (!config.fail_if_absent && verifier.place.read(exchange.request).length === 0) return undefined
        const judgement = verifier.judge(exchange)
        return judgement instanceof Promise
          ? judgement.then(done => settle(exchange, done))
          : settle(exchange, judgement)
      },
    }
  },
})
