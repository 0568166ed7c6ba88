/** Puts the host name of the target in `Host`: what most backends with several names expect. */
import type { Template } from '../../plugin/index.ts'
import { definePlugin } from '../../plugin/index.ts'
import { fieldTemplate } from '../field-value.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OverrideHost',
  name: 'Override host header',
  description:
    'Sends the host name of the chosen target in `Host`, without port, instead of the one the client used.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformRequest'],
  config: noSettings,
  setup(_config, services) {
    const hosts = new Map<string, Template>()
    const hostOf = (hostname: string): Template => {
      let host = hosts.get(hostname)
      if (host === undefined) {
        host = fieldTemplate(bracketed(hostname), services)
        hosts.set(hostname, host)
      }
      return host
    }
    for (const { hostname } of services.route.targets) hostOf(hostname)
    return {
      request(exchange) {
        const { target } = exchange
        if (target !== null) exchange.upstream.headers.set('Host', hostOf(target.hostname)(exchange))
      },
    }
  },
})

/** An IPv6 address stands in brackets in `Host` (RFC 3986, 3.2.2). */
function bracketed(hostname: string): string {
  return hostname.includes(':') && !hostname.includes('$') && !hostname.startsWith('[')
    ? `[${hostname}]`
    : hostname
}
