/** Gives requests on to an Izanami server of version 2, with credentials of the gateway. */
import { definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { relayed, unreachable } from '../relayed-answer.ts'
import { seldomLog } from '../seldom-log.ts'
import { setting, text } from '../settings.ts'
import { serverUrl, timeoutSetting, tlsSettings } from './izanami.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.IzanamiV2Proxy',
  name: 'Izanami V2 proxy',
  description:
    'Gives GET and POST on to the API of an Izanami server of version 2, with the credentials of the settings in place of those of the client, and within one context when there is one.',
  family: 'integrations',
  categories: ['Integrations'],
  steps: ['CallBackend'],
  config: v.looseObject({
    tls: tlsSettings,
    url: setting(text, '', 'Base URL of the server'),
    clientId: setting(text, '', 'Id of the client; may hold expressions'),
    clientSecret: setting(text, '', 'Its secret; may hold expressions'),
    context: setting(v.nullable(text), null, 'Context that features are asked in; may hold expressions'),
    timeout: setting(timeoutSetting, 5000, 'Longest wait, milliseconds'),
  }),
  setup(config, services) {
    const base = serverUrl(config.url, 'url')
    const id = services.template(config.clientId)
    const secret = services.template(config.clientSecret)
    const root = config.context === null ? null : services.template(config.context)
    const complain = seldomLog(services)
    const forward = async (exchange: Exchange): Promise<FullAnswer> => {
      const { method, path, headers, body } = exchange.upstream
      const content = method === 'POST' && body.length !== 0 ? await body.read(services.bodyLimit) : null
      const type = headers.get('content-type')
      try {
        const answer = await services.calls.send({
          method,
          url: `${base}/api/v2${withContext(path, root?.(exchange) ?? null)}`,
          headers: [
            ['Accept', 'application/json'],
            ...(type === undefined ? [] : [['Content-Type', type] as const]),
            ['Izanami-Client-Id', id(exchange)],
            ['Izanami-Client-Secret', secret(exchange)],
          ],
          ...(content !== null && { body: content }),
          timeout: config.timeout,
          maxBody: services.bodyLimit,
          tls: config.tls,
          repeatable: method === 'GET',
        })
        return relayed(answer)
      } catch (error) {
        return unreachable(error, complain)
      }
    }
    return {
      backend(exchange) {
        const { method } = exchange.upstream
        if (method === 'GET' || method === 'POST') return forward(exchange)
        const error = 'Izanami can only be called with GET or POST methods'
        return bareError(400, 'service.method_not_allowed', { error })
      },
    }
  },
})

/** Asks within the context: one that the client names counts when it lies below. */
function withContext(target: string, root: string | null): string {
  if (root === null || root === '') return target
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const query = new URLSearchParams(question < 0 ? '' : target.slice(question + 1))
  const below = `${root.replace(/\/+$/, '')}/`
  const asked = query.getAll('context')
  const [only = ''] = asked
  const allowed =
    asked.length === 1 && (only === root || only.startsWith(below)) && !only.split('/').includes('..')
  if (!allowed) query.set('context', root)
  return `${path}?${query}`
}
