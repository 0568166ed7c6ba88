/** Turns redirections to the backend's own name into redirections to the name the client used. */
import { definePlugin, type Exchange, schema as v } from '../../plugin/index.ts'
import { noTexts, setting, texts } from '../settings.ts'

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OverrideLocationHeader',
  name: 'Override Location header',
  description:
    'Rewrites `Location` of 201 and 3xx answers that name the backend, so that the client stays on the host it called.',
  family: 'headers',
  categories: ['Headers'],
  steps: ['TransformResponse'],
  config: v.looseObject({
    matching_hostnames: setting(texts, noTexts, 'Further host names to rewrite'),
  }),
  setup(config, { route }) {
    const hostnames = new Set(config.matching_hostnames.map(name => name.trim().toLowerCase()))
    const root =
      route.backendRewrite || route.backendRoot === '/' ? '' : route.backendRoot.replace(/\/+$/, '')
    const domain = (route.domains[0] ?? '').split('/')[0]!
    // A domain with `*` is no host a client could go to.
    const fallback = HOST.test(domain) ? domain : ''
    return {
      response(exchange) {
        const { status, headers } = exchange.response
        if (status !== 201 && (status < 300 || status > 399)) return
        const location = headers.get('location')
        const parts = location === undefined ? null : ABSOLUTE.exec(location)
        if (parts === null) return
        const host = hostnameOf(parts[1]!)
        if (host !== exchange.target?.hostname.toLowerCase() && !hostnames.has(host)) return
        const own = clientHost(exchange, fallback)
        if (own === '') return
        headers.set('Location', `${exchange.request.protocol}://${own}${withoutRoot(parts[2]!, root)}`)
      },
    }
  },
})

/** Host of an authority, lower case. One with user information is nobody's host name: it matches nothing. */
function hostnameOf(authority: string): string {
  return authority
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
}

function clientHost(exchange: Exchange, fallback: string): string {
  const { host } = exchange.request
  return HOST.test(host) ? host : fallback
}

function withoutRoot(path: string, root: string): string {
  if (root === '' || !path.startsWith(root)) return path
  const rest = path.slice(root.length)
  if (rest === '') return '/'
  return rest.startsWith('/') ? rest : /^[?#]/.test(rest) ? `/${rest}` : path
}
