/** Answers every request of the route with one resource of another server. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.StaticAssetEndpoint',
  name: 'Http static asset',
  description:
    'Sends every request of the route to one address, in place of the backend: path and query of the request are left out.',
  family: 'static-content',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    url: setting(v.nullable(text), null, 'Address of the resource; without one nothing happens'),
  }),
  setup({ url: given }, { destination }) {
    if (given === null || given.trim() === '') return {}
    const url = URL.parse(given.trim())
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
      throw new Error('url: expected an http or https URL')
    if (url.username !== '' || url.password !== '') throw new Error('url: it holds a name or a password')
    const tls = url.protocol === 'https:'
    const server = destination({
      targets: [{ hostname: url.hostname, port: url.port === '' ? (tls ? 443 : 80) : Number(url.port), tls }],
      root: '/',
      rewrite: false,
    })
    const path = url.pathname + url.search
    return {
      preRoute: exchange => exchange.sendTo(server),
      request({ upstream }) {
        upstream.path = path
        upstream.headers.set('Host', url.host)
      },
      dispose: () => server.release(),
    }
  },
})
