/** Clients get the variant of an experiment of Izanami, version 1: each its own path on the backend. */
import {
  canaryIdAttribute,
  CallFailed,
  definePlugin,
  type PluginServices,
  schema as v,
} from '../../plugin/index.ts'
import { BriefMemory } from '../brief-memory.ts'
import { canaryCookie, canaryIdOf } from '../canary-id.ts'
import { seldomLog } from '../seldom-log.ts'
import { setting, text } from '../settings.ts'
import { credentials, serverUrl, timeoutSetting, tlsSettings } from './izanami.ts'
import { type IzanamiRouting, izanamiRouting } from './izanami-routing.ts'

const COOKIE = 'otoroshi-canary'
/** Milliseconds that what the server said counts. */
const FRESH = 600_000
/** Milliseconds until a server is asked again that did not answer. */
const PAUSE = 10_000

const either = (description: string) => v.pipe(v.nullish(text), v.description(description))

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgIzanamiV1Canary',
  name: 'Izanami V1 Canary Campaign',
  description:
    'Asks an Izanami server of version 1 which variant of an experiment a client sees, and sends its requests to the path of that variant. While the server does not answer, requests go on as they are.',
  family: 'integrations',
  categories: ['Integrations'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: v.looseObject({
    experiment_id: setting(text, 'foo:bar:qix', 'The experiment'),
    config_id: setting(text, 'foo:bar:qix:config', 'The configuration with the paths'),
    izanami_url: setting(text, 'https://izanami.foo.bar', 'Base URL of the server'),
    tls: tlsSettings,
    client_id: setting(text, 'client', 'Id of the client'),
    client_secret: setting(text, 'secret', 'Its secret'),
    timeout: setting(timeoutSetting, 5000, 'Longest wait, milliseconds'),
    route_config: setting(
      v.nullable(v.looseObject({})),
      null,
      'The paths, in place of the configuration of the server',
    ),
    experimentId: either('As `experiment_id`, and before it'),
    configId: either('As `config_id`, and before it'),
    izanamiUrl: either('As `izanami_url`, and before it'),
    clientId: either('As `client_id`, and before it'),
    clientSecret: either('As `client_secret`, and before it'),
    routeConfig: v.pipe(v.nullish(v.looseObject({})), v.description('As `route_config`, and before it')),
  }),
  setup(config, services) {
    const base = serverUrl(config.izanamiUrl ?? config.izanami_url, 'izanami_url')
    const known = credentials(
      config.clientId ?? config.client_id,
      config.clientSecret ?? config.client_secret,
    )
    const experiment = encodeURIComponent(config.experimentId ?? config.experiment_id)
    const configuration = encodeURIComponent(config.configId ?? config.config_id)
    const inline = config.routeConfig ?? config.route_config
    const fixed = inline === null ? null : routingAt(inline)
    const ask = asker(services, known, config.timeout, config.tls)
    const variants = new BriefMemory<string | null>()
    const routings = new BriefMemory<IzanamiRouting | null>(1)
    const life = (value: unknown): number => (value === null ? PAUSE : FRESH)
    const variantOf = (id: string): Promise<string | null> =>
      variants.get(
        [id],
        Date.now(),
        () =>
          ask(
            'POST',
            `${base}/api/experiments/${experiment}/displayed?clientId=${encodeURIComponent(id)}`,
            variantIn,
          ),
        life,
      )
    const routing = (): Promise<IzanamiRouting | null> | IzanamiRouting =>
      fixed ??
      routings.get(
        [],
        Date.now(),
        () => ask('GET', `${base}/api/configs/${configuration}`, izanamiRouting),
        life,
      )
    const { signer } = services.instance
    return {
      async request(exchange) {
        const id = exchange.attributes.get(canaryIdAttribute) ?? canaryIdOf(exchange, COOKIE, signer)
        exchange.attributes.set(canaryIdAttribute, id)
        const [variant, rules] = await Promise.all([variantOf(id), routing()])
        const path = variant === null ? null : (rules?.(exchange.upstream.path, variant) ?? null)
        if (path !== null) exchange.upstream.path = path
      },
      response(exchange) {
        const id = exchange.attributes.get(canaryIdAttribute)
        if (id === undefined) return
        const { headers } = exchange.response
        // Another canary plugin may keep the same id.
        if (!headers.getAll('set-cookie').some(field => field.startsWith(`${COOKIE}=`)))
          headers.append('Set-Cookie', canaryCookie(COOKIE, id, exchange, signer))
      },
    }
  },
})

function routingAt(inline: unknown): IzanamiRouting {
  try {
    return izanamiRouting(inline)
  } catch (error) {
    throw new Error(`route_config: ${(error as Error).message}`)
  }
}

function variantIn(answer: unknown): string {
  const { variant } = answer as { readonly variant?: { readonly id?: unknown } }
  if (typeof variant?.id !== 'string') throw new Error('the answer names no variant')
  return variant.id
}

/** Asks the server and reads its answer; null when that cannot be done, which the log tells now and then. */
function asker(
  services: PluginServices,
  known: [string, string][],
  timeout: number,
  tls: Readonly<Record<string, unknown>>,
) {
  const complain = seldomLog(services)
  return async <T>(method: 'GET' | 'POST', url: string, read: (answer: unknown) => T): Promise<T | null> => {
    try {
      const body = method === 'POST' ? '{}' : null
      const fields: [string, string][] =
        body === null ? known : [...known, ['Content-Type', 'application/json']]
      const answer = await services.calls.send({
        method,
        url,
        headers: fields,
        ...(body !== null && { body }),
        timeout,
        tls,
      })
      if (answer.status < 200 || answer.status >= 300)
        throw new CallFailed('bad_answer', `it answered ${answer.status}`)
      return read(JSON.parse(answer.body.toString()))
    } catch (error) {
      complain(`Izanami: ${(error as Error).message}`)
      return null
    }
  }
}
