/** Sets a cookie on the answer to the client. */
import { definePlugin } from '../../plugin/index.ts'
import { cookieMaker, setCookieSettings } from './set-cookie.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.AdditionalCookieOut',
  name: 'Additional cookies out',
  description: 'Sets a cookie on the answer to the client, beside those of the backend.',
  family: 'cookies',
  categories: ['Cookies'],
  steps: ['TransformResponse'],
  config: setCookieSettings,
  setup(config, services) {
    const make = cookieMaker(config, services)
    return {
      response(exchange) {
        const { headers } = exchange.response
        const cookie = make(exchange)
        if (cookie !== null) headers.append('Set-Cookie', cookie.field)
      },
    }
  },
})
