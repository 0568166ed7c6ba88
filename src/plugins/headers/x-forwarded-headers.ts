/** Tells the backend who called, how and where, in the `X-Forwarded-*` fields everybody knows. */
import { definePlugin } from '../../plugin/index.ts'
import { fieldValue } from '../field-value.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.XForwardedHeaders',
  name: 'X-Forwarded-* headers',
  description:
    'Sends X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto, and X-Forwarded-Prefix when the route strips its path. What the client sent is kept only when the gateway trusts it.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformRequest'],
  config: noSettings,
  setup(_config, { route, trustForwarded }) {
    const { stripPath } = route
    return {
      request(exchange) {
        const { request } = exchange
        const { headers } = exchange.upstream
        const { remoteAddress } = request.connection
        const received = trustForwarded ? request.headers.getAll('x-forwarded-for') : []
        headers.set(
          'X-Forwarded-For',
          received.length === 0 ? remoteAddress : `${received.join(', ')}, ${remoteAddress}`,
        )
        headers.set('X-Forwarded-Host', fieldValue(request.host))
        headers.set('X-Forwarded-Proto', request.protocol)
        if (stripPath && exchange.matchedPath.trim() !== '')
          headers.set('X-Forwarded-Prefix', fieldValue(exchange.matchedPath))
        else if (!trustForwarded) headers.delete('x-forwarded-prefix')
      },
    }
  },
})
