/** Answers some paths from an Izanami server of version 1. */
import { definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { relayed, unreachable } from '../relayed-answer.ts'
import { seldomLog } from '../seldom-log.ts'
import { flag, setting, text } from '../settings.ts'
import { callerContext, credentials, serverUrl, timeoutSetting, tlsSettings } from './izanami.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgIzanamiV1Proxy',
  name: 'Izanami v1 APIs Proxy',
  description:
    'Answers the paths of features and configurations from an Izanami server of version 1, with credentials of the gateway.',
  family: 'integrations',
  categories: ['Integrations'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    path: setting(text, '/api/izanami', 'Path in front of `/features` and `/configs`'),
    feature_pattern: setting(text, '*', 'Which features'),
    config_pattern: setting(text, '*', 'Which configurations'),
    auto_context: setting(flag, false, 'Ask for features as the user and the API key of the request'),
    features_enabled: setting(flag, true, 'Answer `GET …/features`'),
    features_with_context_enabled: setting(flag, true, 'Answer `POST …/features`, whose body is the context'),
    configuration_enabled: setting(flag, false, 'Answer `GET …/configs`'),
    tls: tlsSettings,
    izanami_url: setting(text, 'https://izanami.foo.bar', 'Base URL of the server'),
    client_id: setting(text, 'client', 'Id of the client'),
    client_secret: setting(text, 'secret', 'Its secret'),
    timeout: setting(timeoutSetting, 500, 'Longest wait, milliseconds'),
  }),
  setup(config, services) {
    const base = serverUrl(config.izanami_url, 'izanami_url')
    const root = config.path.replace(/\/+$/, '')
    const known = credentials(config.client_id, config.client_secret)
    const complain = seldomLog(services)
    const tree = (kind: 'features' | 'configs', pattern: string): string =>
      `${base}/api/tree/${kind}?pattern=${encodeURIComponent(pattern)}`
    const ask = async (url: string, body: string | Buffer | null): Promise<FullAnswer> => {
      try {
        const answer = await services.calls.send({
          method: body === null ? 'GET' : 'POST',
          url,
          headers: [
            ['Accept', 'application/json'],
            ...known,
            ...(body === null ? [] : [['Content-Type', 'application/json'] as const]),
          ],
          ...(body !== null && { body }),
          timeout: config.timeout,
          maxBody: services.bodyLimit,
          tls: config.tls,
        })
        return relayed(answer)
      } catch (error) {
        return unreachable(error, complain)
      }
    }
    const features = tree('features', config.feature_pattern)
    return {
      request(exchange: Exchange) {
        const { method, path } = exchange.request
        if (!path.startsWith(`${root}/`)) return undefined
        const what = `${method} ${path.slice(root.length)}`
        if (what === 'GET /features' && config.features_enabled)
          return ask(features, config.auto_context ? JSON.stringify(callerContext(exchange)) : null)
        if (what === 'POST /features' && config.features_with_context_enabled)
          return exchange.upstream.body.read(services.bodyLimit).then(body => ask(features, body))
        if (what === 'GET /configs' && config.configuration_enabled)
          return ask(tree('configs', config.config_pattern), null)
        return undefined
      },
    }
  },
})
