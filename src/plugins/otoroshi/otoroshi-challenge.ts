/** Asks the backend with each request to prove that it knows who calls: an answer from anybody else reaches no client. */
import {
  attribute,
  definePlugin,
  eventExtrasAttribute,
  type Exchange,
  type PluginServices,
  refuse,
  type Verdict,
} from '../../plugin/index.ts'
import { type ChallengeFault, plainFault, tokenFault, type TokenTerms } from './challenge-answer.ts'
import { challengeReport } from './challenge-report.ts'
import { type ChallengeSettings, challengeSettings, isPlain } from './challenge-settings.ts'
import { challengeMaker } from './challenge.ts'
import { nameOr } from './field-names.ts'
import { keysOf } from './token-signing.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OtoroshiChallenge',
  name: 'Otoroshi challenge token',
  description:
    'Sends the backend a random state, plain or in a signed token, and refuses answers that do not bring it back the same way.',
  family: 'otoroshi',
  categories: ['Security', 'Classic'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: challengeSettings,
  setup(config, services) {
    // Behind the route of the admin API is the gateway itself, which knows by its own means that the call passed the route.
    if (services.route.id !== '' && services.route.id === services.adminRoute) return {}
    const maker = challengeMaker(config, services)
    const asked = attribute<string>('challenge')
    const judge = judgeOf(config, services)
    const answer = nameOr(config.response_header_name, services.headerNames.stateResponse)
    return {
      // The usual name is taken away from every answer.
      ...(answer.toLowerCase() !== services.headerNames.stateResponse.toLowerCase() && {
        ownAnswerFields: [answer],
      }),
      request(exchange) {
        const challenge = maker.make()
        if (challenge === null) return refuse('challenge.no_key')
        exchange.attributes.set(asked, challenge.state)
        exchange.upstream.headers.set(maker.name, challenge.value)
        return undefined
      },
      response(exchange) {
        // What a plugin or a cache answered comes from nobody who was asked.
        if (!exchange.backendAnswered) return undefined
        const state = exchange.attributes.get(asked)
        return state === undefined
          ? refuse('challenge.failed', { detail: 'not asked' })
          : judge(exchange, state)
      },
    }
  },
})

type Judge = (exchange: Exchange, state: string) => Verdict | Promise<Verdict>

function judgeOf(config: ChallengeSettings, services: PluginServices): Judge {
  const name = nameOr(config.response_header_name, services.headerNames.stateResponse)
  const plain = isPlain(config)
  const terms: TokenTerms = {
    keys: keysOf(config.algo_from_backend, services),
    audience: services.instance.issuer,
    ttl: config.ttl,
    leeway: config.state_resp_leeway,
  }
  return (exchange, state) => {
    const answered = { state, field: exchange.backendField(name) }
    const verdict = (fault: ChallengeFault | null): Verdict => {
      if (fault === null) return undefined
      const report = challengeReport({ exchange, answered, fault, config, services })
      const extras = exchange.attributes.get(eventExtrasAttribute)
      exchange.attributes.set(eventExtrasAttribute, { ...extras, stateRespInvalid: report })
      return refusalOf(exchange, fault)
    }
    const fault = plain ? plainFault(answered) : tokenFault(answered, terms)
    return fault instanceof Promise ? fault.then(verdict) : verdict(fault)
  }
}

function refusalOf(exchange: Exchange, { reason }: ChallengeFault): Verdict {
  // Clever Cloud answers so for an application that is not there (yet).
  if (exchange.response.status === 404 && exchange.backendField('X-CleverCloudUpgrade') === 'true')
    return refuse('challenge.no_service', { detail: reason })
  return refuse('challenge.failed', { detail: reason })
}
