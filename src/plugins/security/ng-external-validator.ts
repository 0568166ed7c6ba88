/** Asks a service over HTTP whether a request may pass. */
import {
  apikeyAttribute,
  CallFailed,
  definePlugin,
  type Exchange,
  type Refusal,
  refuse,
  schema as v,
  userAttribute,
} from '../../plugin/index.ts'
import { BriefMemory } from '../brief-memory.ts'
import { fieldTemplates } from '../field-value.ts'
import { answerStatus, count, noEntries, setting, text, textMap } from '../settings.ts'
import { validatorUrl } from './validator-url.ts'

const LONGEST_ANSWER = 65_536

/** The service answered with another status than 200. */
class OtherStatus extends Error {}

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgExternalValidator',
  name: 'External request validator',
  description:
    'Sends what is known of a request to a service and lets it pass when that answers 200 with `{"pass": true}`. Anything else, and no answer, refuses it.',
  family: 'security',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    cache_expression: setting(text, null, 'Expression of the key verdicts are kept under; blank keeps none'),
    url: setting(text, null, 'Address of the service; may hold expressions'),
    ttl: setting(count, 60_000, 'Milliseconds a verdict is kept'),
    timeout: setting(v.pipe(count, v.minValue(1)), 30_000, 'Longest wait for the service, milliseconds'),
    headers: setting(textMap, noEntries, 'Header fields of the call; values may hold expressions'),
    error_message: setting(text, 'forbidden', 'Message of a refusal'),
    error_status: setting(answerStatus, 403, 'Status of a refusal'),
  }),
  setup(config, services) {
    if (!config.url?.trim()) throw new Error('url is missing: nobody can be asked')
    const url = validatorUrl(config.url, services)
    const fields = fieldTemplates(config.headers, services)
    const keyOf = config.cache_expression?.trim() ? services.template(config.cache_expression.trim()) : null
    const kept = new BriefMemory<boolean>()
    const words = { status: config.error_status, message: config.error_message }

    const ask = async (exchange: Exchange): Promise<boolean> => {
      const { status, body } = await services.calls.send({
        method: 'POST',
        url: url(exchange),
        headers: [
          ['Content-Type', 'application/json'],
          ['Accept', 'application/json'],
          ...fields.map(({ name, value }) => [name, value(exchange)] as const),
        ],
        body: JSON.stringify(contextOf(exchange)),
        timeout: config.timeout,
        maxBody: LONGEST_ANSWER,
      })
      if (status !== 200) throw new OtherStatus(`the validator answered ${status}`)
      return passes(body)
    }
    const failed = (error: unknown): Refusal => {
      const other = error instanceof OtherStatus
      if (!other && !(error instanceof CallFailed)) throw error
      const cause = `errors.failed.external.validation.${other ? 'status' : 'error'}`
      return refuse('validator.failed', { ...words, cause, detail: (error as Error).message })
    }

    return {
      async access(exchange) {
        let asked = keyOf === null
        const askNow = (): Promise<boolean> => {
          asked = true
          return ask(exchange)
        }
        try {
          const pass =
            keyOf === null
              ? await askNow()
              : await kept.get([keyOf(exchange)], Date.now(), askNow, () => config.ttl)
          if (pass) return undefined
        } catch (error) {
          return failed(error)
        }
        return refuse('validator.refused', {
          ...words,
          cause: `errors.failed.external.validation${asked ? '.pass' : ''}`,
        })
      },
    }
  },
})

function passes(body: Buffer): boolean {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'))
    return typeof answer === 'object' && answer !== null && (answer as { pass?: unknown }).pass === true
  } catch {
    return false
  }
}

/** What the service is told. Of the route only what names it: its plugins may hold secrets. */
function contextOf({ id, request, route, attributes }: Exchange): unknown {
  const headers: Record<string, string> = {}
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase()
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value
  }
  const { method, target, path, host, protocol, ip, version, queryString } = request
  return {
    snowflake: id,
    apikey: attributes.get(apikeyAttribute)?.light() ?? null,
    user: attributes.get(userAttribute)?.json ?? null,
    request: {
      id,
      method,
      headers,
      url: `${protocol}://${host}${target}`,
      uri: target,
      path,
      query: queryString,
      host,
      ip,
      version: `HTTP/${Math.floor(version / 10)}.${version % 10}`,
      tls: request.connection.tls !== null,
    },
    route: {
      id: route.id,
      name: route.name,
      groups: route.groups,
      tags: route.tags,
      metadata: route.metadata,
    },
  }
}
