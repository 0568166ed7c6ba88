/** Calls of plugins to servers of their own, over the connections of this thread. What they promise: plugin/outgoing-calls.ts. */
import type { CertificateSource } from '../gateway/backends/origin-of.ts'
import type { Pools } from '../gateway/backends/pools.ts'
import { compileProxy } from '../gateway/balancing/index.ts'
import { HeaderBlock, InvalidHeader, type Origin, type OriginTls, TransportError } from '../http/index.ts'
import {
  type CallAnswer,
  CallFailed,
  type CallFault,
  type CallTls,
  type OutgoingCall,
  type OutgoingCalls,
} from '../plugin/outgoing-calls.ts'
import { AnswerTooLarge, CollectedAnswer } from './collected-answer.ts'

const USUAL_BODY = 1_048_576

export class PooledCalls implements OutgoingCalls {
  readonly #pools: Pools
  readonly #certificates: CertificateSource

  constructor(pools: Pools, certificates: CertificateSource) {
    this.#pools = pools
    this.#certificates = certificates
  }

  async send(call: OutgoingCall): Promise<CallAnswer> {
    const url = readUrl(call.url)
    const origin = this.#origin(url, call)
    const until = performance.now() + call.timeout
    try {
      return await this.#ask(url, origin, call, call.timeout)
    } catch (error) {
      const left = until - performance.now()
      if (!wasLost(error) || call.repeatable !== true || left < 1) throw failed(url, error)
      return this.#ask(url, origin, call, left).catch(again => {
        throw failed(url, again)
      })
    }
  }

  async #ask(url: URL, origin: Origin, call: OutgoingCall, timeout: number): Promise<CallAnswer> {
    const { method, headers = [], maxBody = USUAL_BODY } = call
    const body = call.body === undefined ? null : Buffer.from(call.body)
    const fields = HeaderBlock.from([['Host', url.host], ...headers])
    if (!fields.has('accept')) fields.append('Accept', '*/*')
    const lease = this.#pools.hold(origin)
    try {
      return await new Promise((resolve, reject) => {
        const answer = new CollectedAnswer(maxBody, 'fail', body, resolve, reject)
        const request = {
          method,
          path: url.pathname + url.search,
          headers: fields,
          bodyLength: body?.length ?? 0,
          upgrade: null,
        }
        const timeouts = { connect: timeout, head: timeout, idle: timeout, total: timeout }
        answer.use(lease.dispatcher.dispatch(request, answer, timeouts))
      })
    } finally {
      lease.release()
    }
  }

  #origin(url: URL, { tls = null, proxy = null, tenant = 'default' }: OutgoingCall): Origin {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const secure = url.protocol === 'https:'
    const plan = compileProxy(proxy ?? {})
    return {
      host,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      tls: secure ? this.#tls(host, tls ?? {}, tenant) : null,
      address: null,
      proxy:
        plan === null || plan.direct.some(matches => matches(host))
          ? null
          : {
              host: plan.host,
              port: plan.port,
              tls: plan.protocol.toLowerCase() === 'https',
              authorization:
                plan.principal === null
                  ? null
                  : `Basic ${Buffer.from(`${plan.principal}:${plan.password ?? ''}`).toString('base64')}`,
            },
      protocol: 11,
    }
  }

  #tls(serverName: string, settings: CallTls, tenant: string): OriginTls {
    if (settings['enabled'] !== true && settings['mtls'] !== true)
      return { serverName, verify: true, verifyName: true }
    const ca = texts(settings['trusted_certs'] ?? settings['trustedCerts']).map(id => this.#stored(id).chain)
    const [own] = texts(settings['certs']).map(id => this.#stored(id))
    if (own !== undefined && own.tenant !== tenant)
      throw new CallFailed('tls_settings', 'the certificate to show belongs to another organization')
    return {
      serverName,
      verify: (settings['trust_all'] ?? settings['trustAll']) !== true,
      verifyName: settings['loose'] !== true,
      ...(ca.length > 0 && { ca }),
      ...(own !== undefined && { cert: own.chain, key: own.privateKey }),
    }
  }

  #stored(id: string) {
    const found = this.#certificates(id)
    if (found !== null) return found
    throw new CallFailed('tls_settings', `the certificate ${JSON.stringify(id)} does not exist`)
  }
}

function readUrl(text: string): URL {
  const url = URL.parse(text)
  const fault =
    url === null
      ? 'the address is no URL'
      : url.protocol !== 'http:' && url.protocol !== 'https:'
        ? 'the address is neither http nor https'
        : url.username !== '' || url.password !== ''
          ? 'the address holds a name or a password'
          : null
  if (url === null || fault !== null) throw new CallFailed('url', fault ?? '')
  return url
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

/** The connection went before an answer came: the server may not have seen the call. */
function wasLost(error: unknown): boolean {
  return error instanceof TransportError && (error.fault === 'reset' || error.fault === 'closed_early')
}

function failed({ protocol, host }: URL, error: unknown): CallFailed {
  if (error instanceof CallFailed) return error
  const text = error instanceof Error ? error.message : String(error)
  return new CallFailed(faultOf(error), `${protocol}//${host}: ${text}`, error)
}

function faultOf(error: unknown): CallFault {
  if (error instanceof AnswerTooLarge) return 'too_large'
  if (error instanceof InvalidHeader) return 'url'
  if (!(error instanceof TransportError)) return 'unreachable'
  if (error.fault.endsWith('timeout')) return 'timeout'
  return error.fault === 'bad_response' || error.fault === 'short_body' ? 'bad_answer' : 'unreachable'
}
