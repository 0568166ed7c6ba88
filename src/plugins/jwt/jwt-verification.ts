/** Calls need a token that one of several verifiers accepts; the backend gets what that verifier makes of it. */
import {
  type Answer,
  attribute,
  definePlugin,
  type Exchange,
  inputTokenAttribute,
  outputTokenAttribute,
  refuse,
  schema as v,
} from '../../plugin/index.ts'
import { customResponseSettings, refusalAnswer } from '../custom-response.ts'
import { findVerifier, type Judgement, type Passed } from '../jwt-verifier.ts'
import { noTexts, setting, texts } from '../settings.ts'
import { notConfigured } from './bare-refusals.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JwtVerification',
  name: 'Jwt verifiers',
  description:
    'Lets calls in whose token one of the verifiers accepts, the first that does. The verifier also says what the backend gets: the token as it came, signed anew, changed, or one made here.',
  family: 'jwt',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess', 'TransformRequest'],
  config: v.looseObject({
    verifiers: setting(texts, noTexts, 'Ids of verifiers, in the order in which they are asked'),
    ...customResponseSettings,
  }),
  setup(config, services) {
    const ids = config.verifiers.filter(id => id !== '')
    const instead = refusalAnswer(config)
    const passed = attribute<Passed>('jwt-passed')

    const judge = (exchange: Exchange, at: number): Judgement | Promise<Judgement> => {
      const verifier = findVerifier(ids[at]!, services)
      if (verifier === null)
        return {
          ok: false,
          refusal: refuse('jwt.unknown_verifier', { detail: `there is no verifier ${ids[at]}` }),
        }
      return verifier.judge(exchange)
    }
    const judgeFrom = (exchange: Exchange, at: number): Answer | undefined | Promise<Answer | undefined> => {
      const judgement = judge(exchange, at)
      return judgement instanceof Promise
        ? judgement.then(done => settle(exchange, at, done))
        : settle(exchange, at, judgement)
    }
    const settle = (exchange: Exchange, at: number, judgement: Judgement) => {
      if (!judgement.ok) {
        if (at + 1 < ids.length) return judgeFrom(exchange, at + 1)
        return instead(judgement.refusal, judgement.refusal.reason)
      }
      const { attributes } = exchange
      attributes.set(passed, judgement)
      if (judgement.input !== null) attributes.set(inputTokenAttribute, judgement.input)
      if (judgement.output !== null) attributes.set(outputTokenAttribute, judgement.output)
      return undefined
    }
    return {
      access(exchange) {
        if (ids.length === 0) return notConfigured
        return judgeFrom(exchange, 0)
      },
      request({ attributes, upstream }) {
        attributes.get(passed)?.inject?.(upstream)
      },
    }
  },
})
