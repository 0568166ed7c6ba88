/** The gateway as plugins see it, and its answers about consumers. */
import { answerMonitoring, type MonitoringFacts } from '../events/index.ts'
import type { ApikeyView } from '../identity/apikey.ts'
import { type Consumer, ConsumerLinks, CONSUMERS } from '../identity/consumer-link.ts'
import type { Signer } from '../identity/seal.ts'
import type { UserView } from '../identity/user.ts'
import { answer, type FullAnswer } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import type { InstanceReport, InstanceServices, ReportQuestion } from '../plugin/instance-services.ts'

/** Plain data: it crosses to the thread. */
export interface ProtocolSettings {
  /** Issuer of tokens for backends. */
  readonly issuer: string
  /** Setting `otoroshi.secret`. */
  readonly secret: string
  /** Where links lead: scheme, host and port of the gateway as backends see it. Port 0: that of the request. */
  readonly scheme: string
  readonly host: string
  readonly port: number
}

export interface ConsumerSource {
  apikey(id: string): ApikeyView | null
  user(sessionId: string): UserView | null
}

export class OwnInstance implements InstanceServices {
  readonly issuer: string
  readonly signer: Signer
  readonly #settings: ProtocolSettings
  readonly #links: ConsumerLinks
  readonly #consumers: ConsumerSource
  readonly #facts: MonitoringFacts

  constructor(settings: ProtocolSettings, signer: Signer, facts: MonitoringFacts, consumers: ConsumerSource) {
    this.issuer = settings.issuer
    this.signer = signer
    this.#settings = settings
    this.#links = new ConsumerLinks(settings.secret)
    this.#consumers = consumers
    // The figures stay live, only the keys are not asked for.
    const open = { healthKey: null, metricsKey: null, metricsEnabled: true }
    this.#facts = Object.create(facts, {
      healthKey: { value: open.healthKey },
      metricsKey: { value: open.metricsKey },
      metricsEnabled: { value: open.metricsEnabled },
    }) as MonitoringFacts
  }

  consumerLink(consumer: Consumer, ttl: number, { connection }: ClientRequest): string {
    const { scheme, host, port: fixed } = this.#settings
    const port = fixed === 0 ? connection.localPort : fixed
    const usual = scheme === 'https' ? 443 : 80
    const origin = `${scheme}://${host}${port === usual ? '' : `:${port}`}`
    return this.#links.make(origin, consumer, ttl, seconds())
  }

  report({ topic, format, filter, accept }: ReportQuestion): InstanceReport {
    const query = new URLSearchParams()
    if (format !== null) query.set('format', format)
    if (filter !== null) query.set('filter', filter)
    return answerMonitoring({ topic, query, accept, keyHeader: undefined }, this.#facts)!
  }

  /** Answers whoever follows a link; null: the path is no link. */
  followed({ method, path, query }: ClientRequest): FullAnswer | null {
    if (!path.startsWith(CONSUMERS)) return null
    const random = path.slice(CONSUMERS.length)
    const token = query.get('t')
    const reads = method === 'GET' || method === 'HEAD'
    const consumer = reads && token !== null ? this.#links.read(random, token, seconds()) : null
    const found = consumer === null ? null : this.#lightOf(consumer)
    return found === null ? told(401, { error: 'unauthorized' }) : told(200, found)
  }

  #lightOf({ kind, id }: Consumer): object | null {
    if (kind === 'user') return this.#consumers.user(id)?.light() ?? null
    const apikey = kind === 'apikey' ? this.#consumers.apikey(id) : null
    return apikey?.usableAt(Date.now()) === true ? apikey.light() : null
  }
}

function told(status: number, value: object): FullAnswer {
  const fields = [
    ['Content-Type', 'application/json'],
    ['Cache-Control', 'no-store'],
  ] as const
  return answer(status, fields, JSON.stringify(value))
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
